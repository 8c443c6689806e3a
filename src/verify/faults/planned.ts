import type { Fault, FaultContext } from './fault.ts'
import {
  between,
  castOf,
  failed,
  indexOf,
  kill,
  pick,
  pidsOf,
  untilBack,
  untilInSync,
  untilReplaced,
  whileStopped,
} from './steps.ts'
import { gatewaysOf, instancesOf } from './victims.ts'

const switchover: Fault = {
  name: 'switchover',
  description: 'a planned change of the primary',
  needs: ['switchover'],
  lastsMs: 2000,
  ordinary: true,
  run: async (context) => {
    const { primary, replicas } = await castOf(context)
    const to = pick(context.random, replicas)
    await context.driver.switchover(`redis-${to}`, context.signal)
    await untilReplaced(context, primary, 5000)
    context.did(`redis-${primary} (primary) handed over to redis-${to}`)
  },
}

/** The one who asked for it goes away: it is carried through, or was never begun, but is not left in between. */
const abortSwitchover: Fault = {
  name: 'abort-switchover',
  description: 'a planned change of the primary whose caller goes away in the middle',
  needs: ['switchover'],
  lastsMs: 4000,
  ordinary: false,
  run: async (context) => {
    // Tried again with less time when it was done before it could be aborted.
    for (let mostMs = 250; mostMs > 5; mostMs /= 2) {
      const { primary } = await castOf(context)
      const afterMs = between(context.random, 0, mostMs)
      const aborted = new AbortController()
      const ended = beganSwitchover(context, undefined, aborted.signal)
      await context.pause(afterMs)
      aborted.abort()
      if ((await ended) === 'done') {
        context.did(`switchover done within ${afterMs} ms`)
        await settled(context)
        continue
      }
      await context.answered(20, 10_000)
      await settled(context)
      const now = (await castOf(context)).primary
      const end = now === primary ? `redis-${now} stayed primary` : `redis-${now} took over all the same`
      context.did(`switchover aborted after ${afterMs} ms; ${end}`)
      return
    }
    throw failed('every switchover was done before it could be aborted')
  },
}

/** Gateways hold and writes are paused when the one that is to take over hangs: everything must be taken back. */
const switchoverToHung: Fault = {
  name: 'switchover-to-hung',
  description: 'the node that is to take over in a planned change hangs in the middle of it, for 4 s',
  needs: ['switchover', 'signal'],
  takesNodes: 1,
  lastsMs: 5000,
  ordinary: false,
  run: async (context) => {
    const to = pick(context.random, (await castOf(context)).replicas)
    const afterMs = between(context.random, 5, 150)
    const ended = beganSwitchover(context, `redis-${to}`, context.signal)
    await context.pause(afterMs)
    await whileStopped(context, [`redis-${to}`], () => context.pause(4000))
    context.did(`redis-${to} hung ${afterMs} ms into a switchover to it, which was ${await ended}`)
  },
}

const switchoverWithPausedReplica: Fault = {
  name: 'switchover-with-paused-replica',
  description: 'a planned change of the primary while a replica hangs that does not take over',
  needs: ['switchover', 'signal'],
  lastsMs: 5000,
  ordinary: false,
  run: async (context) => {
    const { primary, replicas } = await castOf(context)
    const hung = pick(context.random, replicas)
    const to = pick(
      context.random,
      replicas.filter((replica) => replica !== hung),
    )
    await whileStopped(context, [`redis-${hung}`], async () => {
      await untilInSync(context, hung, false, 15_000)
      await context.driver.switchover(`redis-${to}`, context.signal)
      await untilReplaced(context, primary, 5000)
      context.did(`redis-${primary} (primary) handed over to redis-${to} while redis-${hung} hung`)
    })
  },
}

const killSwitchoverDriver: Fault = {
  name: 'kill-switchover-driver',
  description: 'kills the agent that leads a planned change of the primary in the middle of it',
  needs: ['switchover', 'signal'],
  lastsMs: 3000,
  ordinary: false,
  run: async (context) => {
    const { primary } = await castOf(context)
    const afterMs = between(context.random, 5, 150)
    const ended = beganSwitchover(context, undefined, context.signal)
    await context.pause(afterMs)
    await kill(context, [`agent-${primary}`])
    context.did(`agent-${primary} killed ${afterMs} ms into a switchover, which was ${await ended}`)
  },
}

const scale: Fault = {
  name: 'scale',
  description: 'one instance more, then as many as before',
  needs: ['scale'],
  takesNodes: 0,
  lastsMs: 4000,
  ordinary: false,
  run: async (context) => {
    const before = instancesOf(await context.driver.components()).length
    await context.driver.scale(before + 1)
    await untilInstances(context, before + 1)
    await context.driver.scale(before)
    await untilInstances(context, before)
    context.did(`${before + 1} instances, then ${before} again`)
  },
}

const refresh: Fault = {
  name: 'refresh',
  description: 'rolls the instances one by one, as for new code',
  needs: ['refresh'],
  takesNodes: 0,
  lastsMs: 6000,
  ordinary: true,
  run: async (context) => {
    const pids = await pidsOf(context.driver, instancesOf(await context.driver.components()))
    await context.driver.refresh()
    await untilBack(context, pids, 10_000)
    context.did(`${pids.size} instances replaced`)
  },
}

const killGatewayAfterAck: Fault = {
  name: 'kill-gateway-after-ack',
  description: 'kills the gateway the moment after it has answered',
  needs: ['signal'],
  explains: 'in-hand',
  takesNodes: 0,
  lastsMs: 1500,
  ordinary: false,
  run: async (context) => {
    const gateway = pick(context.random, gatewaysOf(await context.driver.components()))
    const pids = await pidsOf(context.driver, [gateway])
    await context.answered(1, 10_000)
    await kill(context, [gateway])
    context.did(`${gateway} killed right after an answer`)
    await untilBack(context, pids, 30_000)
  },
}

function beganSwitchover(
  { driver }: FaultContext,
  to: string | undefined,
  signal: AbortSignal,
): Promise<'done' | 'not done'> {
  return driver.switchover(to, signal).then(
    () => 'done',
    () => 'not done',
  )
}

async function untilInstances(context: FaultContext, instances: number): Promise<void> {
  await context.until(`${instances} instances`, 10_000, async () => {
    const now = instancesOf(await context.driver.components()).length
    return now === instances || `${now} instances`
  })
}

/** Until everybody is in sync again: before, no switchover begins. */
async function settled(context: FaultContext): Promise<void> {
  const { driver } = context
  for (const { name } of (await driver.observe()).nodes)
    await untilInSync(context, indexOf(name), true, 20_000)
}

export const plannedChanges: readonly Fault[] = [
  switchover,
  abortSwitchover,
  switchoverToHung,
  switchoverWithPausedReplica,
  killSwitchoverDriver,
  scale,
  refresh,
  killGatewayAfterAck,
]
