import type { Fault, FaultContext, PodFaults } from './fault.ts'
import { castOf, failed, partsOf, pick, pidsOf, untilBack } from './steps.ts'
import { gatewaysOf, instancesOf } from './victims.ts'

/** A pod is there again when its image is, its volume and its machine. */
const backWithinMs = 180_000
/** The ones that were evicted are elsewhere by then, and the machine's own wait for it. */
const drainedMs = 3000

const orderly = { needs: ['pods'], lastsMs: 15_000 } as const

function deleteNode(ofPrimary: boolean): Fault {
  return {
    ...orderly,
    name: ofPrimary ? 'delete-primary' : 'delete-replica',
    description: `deletes the pod of ${ofPrimary ? 'the primary' : 'a replica'}, as kubectl delete pod does`,
    takesNodes: 1,
    ordinary: ofPrimary,
    run: async (context) => {
      const { primary, replicas } = await castOf(context)
      const node = ofPrimary ? primary : pick(context.random, replicas)
      const pids = await pidsOf(context.driver, partsOf(node))
      await podsOf(context).delete([`redis-${node}`], context.signal)
      context.did(`the pod of redis-${node} (${ofPrimary ? 'primary' : 'replica'}) deleted`)
      await untilBack(context, pids, backWithinMs)
    },
  }
}

const deleteGateway: Fault = {
  ...orderly,
  name: 'delete-gateway',
  description: 'deletes the pod of a gateway',
  explains: 'gateway-left',
  takesNodes: 0,
  ordinary: true,
  run: async (context) => {
    const gateway = pick(context.random, gatewaysOf(await context.driver.components()))
    await podsOf(context).delete([gateway], context.signal)
    context.did(`the pod of ${gateway} deleted`)
  },
}

const deleteInstance: Fault = {
  ...orderly,
  name: 'delete-instance',
  description: 'deletes the pod of an instance of the application',
  atLeast: { instances: 2 },
  takesNodes: 0,
  ordinary: true,
  run: async (context) => {
    const instance = pick(context.random, instancesOf(await context.driver.components()))
    await podsOf(context).delete([instance], context.signal)
    context.did(`the pod of ${instance} deleted`)
  },
}

/** Nobody is left who could go on: what comes back finds what was answered. */
const deleteAllPods: Fault = {
  name: 'delete-all-pods',
  description: 'deletes all pods at once',
  needs: ['pods', 'signal'],
  explains: 'unavailable',
  lastsMs: 30_000,
  ordinary: false,
  run: async (context) => {
    const components = await context.driver.components()
    const nodes = (await castOf(context)).all.map((node) => `redis-${node}`)
    const pids = await pidsOf(context.driver, nodes)
    const pods = [...nodes, ...gatewaysOf(components), ...instancesOf(components)]
    await podsOf(context).delete(pods, context.signal)
    context.did(`${pods.length} pods deleted at once`)
    await untilBack(context, pids, backWithinMs)
  },
}

const deleteVolume: Fault = {
  name: 'delete-volume',
  description:
    'deletes the pod of a Redis node and its volume claim: it comes back empty, and is filled by the others',
  needs: ['claims', 'signal'],
  takesNodes: 1,
  lastsMs: 20_000,
  ordinary: false,
  run: async (context) => {
    const { all, primary } = await castOf(context)
    const node = pick(context.random, all)
    const pids = await pidsOf(context.driver, partsOf(node))
    await podsOf(context).deleteWithVolume(node, context.signal)
    context.did(`redis-${node} (${node === primary ? 'primary' : 'replica'}) deleted, with its volume claim`)
    await untilBack(context, pids, backWithinMs)
  },
}

const drain: Fault = {
  name: 'drain',
  description:
    'drains the machine of the primary of this deployment’s pods (nobody else’s), and opens it again',
  needs: ['drain', 'signal'],
  explains: 'gateway-left',
  takesNodes: 1,
  lastsMs: 25_000,
  ordinary: false,
  run: async (context) => {
    const pods = podsOf(context)
    const { primary } = await castOf(context)
    const pids = await pidsOf(context.driver, partsOf(primary))
    try {
      const { machine, evicted } = await pods.drain(`redis-${primary}`, context.signal)
      context.did(`${machine} drained of ${evicted.join(', ')} (redis-${primary} was primary)`)
      await context.pause(drainedMs)
    } finally {
      await pods.reopen()
    }
    await untilBack(context, pids, backWithinMs)
  },
}

const rollingRestart: Fault = {
  name: 'rolling-restart',
  description: 'replaces every pod, one after the other: Redis nodes, gateways, instances',
  needs: ['restart', 'refresh', 'pods', 'signal'],
  explains: 'gateway-left',
  lastsMs: 90_000,
  ordinary: false,
  run: async (context) => {
    const { driver, did } = context
    const { primary, replicas } = await castOf(context)
    for (const node of [...replicas, primary]) {
      await driver.restart(`agent-${node}`)
      did(`the pod of redis-${node} replaced`)
    }
    if (gatewaysOf(await driver.components()).length > 0) {
      await driver.restart('gateway')
      did('gateways replaced')
    }
    await driver.refresh()
    did('instances replaced')
  },
}

function podsOf({ driver }: FaultContext): PodFaults {
  if (driver.pods === undefined) throw failed('there are no pods')
  return driver.pods
}

export const podFaults: readonly Fault[] = [
  deleteNode(true),
  deleteNode(false),
  deleteGateway,
  deleteInstance,
  deleteAllPods,
  deleteVolume,
  drain,
  rollingRestart,
]
