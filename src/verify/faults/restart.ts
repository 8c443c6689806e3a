import { timing } from '../../topology/topology.ts'
import type { Fault } from './fault.ts'
import { castOf, kill, nodeDies, partsOf, pidsOf, untilBack, untilReplaced } from './steps.ts'
import { kinds, type VictimKind } from './victims.ts'

function restartFault(kind: VictimKind): Fault {
  return {
    name: `restart-${kind.name}`,
    description: `restarts ${kind.words}, as ./holdfast restart does`,
    needs: ['restart', ...kind.needs],
    ...(kind.atLeast === undefined ? {} : { atLeast: kind.atLeast }),
    // Connections to a gateway and to the front door end with it, and so does what is just being sent on them.
    ...(kind.name === 'gateway' || kind.name === 'front-door' ? { explains: 'in-hand' as const } : {}),
    // A redis-server that serves hands over first, which needs everybody.
    ...(kind.takesNodes === 0 ? { takesNodes: 0 } : {}),
    lastsMs: 4000,
    ordinary: false,
    run: async (context) => {
      const victim = await kind.choose(context)
      const pids = await pidsOf(context.driver, victim.components)
      for (const component of victim.components.toReversed()) await context.driver.restart(component)
      context.did(`${victim.words} restarted`)
      await untilBack(context, pids, 30_000)
      if (kind.name === 'primary' && victim.node !== null) await untilReplaced(context, victim.node, 10_000)
    },
  }
}

const restartSupervisor: Fault = {
  name: 'restart-supervisor',
  description: 'kills the supervisor and types ./holdfast up at once',
  needs: ['signal', 'supervisor', 'restart'],
  takesNodes: 0,
  lastsMs: 3000,
  ordinary: false,
  run: async (context) => {
    const pids = await pidsOf(context.driver, ['supervisor'])
    await kill(context, ['supervisor'])
    await context.driver.startAll()
    await untilBack(context, pids, 10_000)
    context.did('supervisor killed, and started by ./holdfast up')
  },
}

/** Nobody is there to tell the sentinels, and they do not notice by themselves: the anchors of other systems let an empty primary wipe its replicas here. */
const restartPrimaryFast: Fault = {
  name: 'restart-primary-fast',
  description: 'the primary dies with its agent, and is back with its data before the sentinels notice',
  needs: ['signal', 'supervisor'],
  lastsMs: 3000,
  ordinary: false,
  run: async (context) => {
    const { primary } = await castOf(context)
    const pids = await pidsOf(context.driver, [`agent-${primary}`, `redis-${primary}`])
    await kill(context, partsOf(primary))
    context.did(`node ${primary} (primary) killed, started again at once`)
    await untilBack(context, pids, 2 * timing.downAfterMs)
  },
}

const restartPrimaryEmpty: Fault = {
  name: 'restart-primary-empty',
  description: 'the primary dies with its whole node, and is back at once with an empty volume',
  needs: ['signal', 'supervisor', 'volume'],
  lastsMs: 4000,
  ordinary: false,
  run: async (context) => {
    const { primary } = await castOf(context)
    const pids = await nodeDies(context, primary, () => context.driver.emptyVolume(primary))
    context.did(`node ${primary} (primary) killed, its volume emptied, and started again at once`)
    await untilBack(context, pids, 30_000)
    await untilReplaced(context, primary, 20_000)
  },
}

export const restarts: readonly Fault[] = [
  ...kinds.filter(({ name }) => name !== 'supervisor' && name !== 'sidecar').map(restartFault),
  restartSupervisor,
  restartPrimaryFast,
  restartPrimaryEmpty,
]
