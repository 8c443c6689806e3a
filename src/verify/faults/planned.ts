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
import { instancesOf } from './victims.ts'

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

/** Tried again with less time when it was done before it could be aborted. */
const abortSwitchover: Fault = {
  name: 'abort-switchover',
  description: 'a planned change of the primary that is aborted in the middle',
  needs: ['switchover'],
  lastsMs: 3000,
  ordinary: false,
  run: async (context) => {
    for (let mostMs = 250; mostMs > 5; mostMs /= 2) {
      const afterMs = between(context.random, 0, mostMs)
      const aborted = new AbortController()
      const ended = context.driver
        .switchover(undefined, AbortSignal.any([aborted.signal, context.signal]))
        .then(
          () => 'done' as const,
          () => 'aborted' as const,
        )
      await context.pause(afterMs)
      aborted.abort()
      const end = await ended
      context.did(`switchover ${end === 'aborted' ? 'aborted' : 'not aborted'} after ${afterMs} ms`)
      if (end === 'aborted') return
      await settled(context)
    }
    throw failed('every switchover was done before it could be aborted')
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
    const afterMs = between(context.random, 10, 300)
    const ended = context.driver.switchover(undefined, context.signal).then(
      () => 'was done already',
      () => 'broke off',
    )
    await context.pause(afterMs)
    await kill(context, [`agent-${primary}`])
    context.did(`agent-${primary} killed ${afterMs} ms into a switchover, which ${await ended}`)
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
    const before = instancesOf(context.driver.components()).length
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
    const pids = pidsOf(context.driver, instancesOf(context.driver.components()))
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
    const pids = pidsOf(context.driver, ['gateway'])
    await context.answered(1, 10_000)
    await kill(context, ['gateway'])
    context.did('gateway killed right after an answer')
    await untilBack(context, pids, 30_000)
  },
}

async function untilInstances(context: FaultContext, instances: number): Promise<void> {
  await context.until(`${instances} instances`, 10_000, () => {
    const now = instancesOf(context.driver.components()).length
    return Promise.resolve(now === instances || `${now} instances`)
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
  switchoverWithPausedReplica,
  killSwitchoverDriver,
  scale,
  refresh,
  killGatewayAfterAck,
]
