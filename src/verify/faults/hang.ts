import { timing } from '../../topology/topology.ts'
import type { Fault } from './fault.ts'
import { between, castOf, kill, partsOf, pick, untilInSync, whileStopped } from './steps.ts'

/** Swept over the runs: the primary wakes before, while and after it is replaced. */
function hangMs(random: () => number): number {
  return between(random, timing.downAfterMs + 200, timing.downAfterMs + 1500)
}

const hangPrimary: Fault = {
  name: 'hang-primary',
  description: 'stops the primary for a little longer than down-after: it wakes while others still follow it',
  needs: ['signal'],
  takesNodes: 1,
  lastsMs: timing.downAfterMs + 850,
  ordinary: true,
  run: async (context) => {
    const { primary } = await castOf(context)
    const forMs = hangMs(context.random)
    await whileStopped(context, [`redis-${primary}`], async () => {
      context.did(`redis-${primary} (primary) hung for ${forMs} ms`)
      await context.pause(forMs)
    })
  },
}

const hangThenKill: Fault = {
  name: 'hang-then-kill',
  description: 'stops the primary until the sentinels elect, then kills it',
  needs: ['signal'],
  takesNodes: 1,
  lastsMs: timing.downAfterMs + 850,
  ordinary: false,
  run: async (context) => {
    const { primary } = await castOf(context)
    const forMs = hangMs(context.random)
    await whileStopped(context, [`redis-${primary}`], async () => {
      await context.pause(forMs)
      await kill(context, [`redis-${primary}`])
      context.did(`redis-${primary} (primary) hung for ${forMs} ms, then killed`)
    })
  },
}

const pauseSentinels: Fault = {
  name: 'pause-sentinels',
  description: 'stops all sentinels for 3 s, and kills the primary the moment they go on',
  needs: ['signal'],
  lastsMs: 3500,
  ordinary: false,
  run: async (context) => {
    const { all, primary } = await castOf(context)
    const sentinels = all.map((node) => `sentinel-${node}`)
    await whileStopped(context, sentinels, () => context.pause(3000))
    await kill(context, [`redis-${primary}`])
    context.did(`all sentinels stopped for 3 s, then redis-${primary} (primary) killed`)
  },
}

/** As a laptop that is closed, or a virtual machine that is moved. */
function suspendFault(name: string, seconds: (random: () => number) => number, lastsMs: number): Fault {
  return {
    name,
    description:
      name === 'suspend'
        ? 'stops everything of the deployment for 5 s'
        : 'stops everything of the deployment for 10 to 60 s',
    needs: ['signal', 'supervisor'],
    // Callers give up before it is over.
    ...(name === 'suspend' ? {} : { explains: 'unavailable' as const }),
    lastsMs,
    ordinary: name === 'suspend',
    run: async (context) => {
      const forMs = Math.round(seconds(context.random) * 1000)
      await whileStopped(context, await context.driver.components(), async () => {
        context.did(`everything stopped for ${forMs / 1000} s`)
        await context.pause(forMs)
      })
    },
  }
}

/** Sentinel's offsets are old, and what the lagging one has not is with the other one only. */
const laggingReplica: Fault = {
  name: 'lagging-replica',
  description:
    'one replica is stopped while the others acknowledge; then the primary is killed and it goes on at once',
  needs: ['signal'],
  lastsMs: 5000,
  ordinary: true,
  run: async (context) => {
    const { primary, replicas } = await castOf(context)
    const lagging = pick(context.random, replicas)
    await whileStopped(context, [`redis-${lagging}`], async () => {
      await untilInSync(context, lagging, false, 15_000)
      await context.answered(30, 15_000)
      await kill(context, [`redis-${primary}`])
      context.did(`redis-${lagging} lagged behind, then redis-${primary} (primary) killed`)
    })
  },
}

/** Its agent is hung too, so that nobody starts it again before the rest has decided. */
const twoNodes = (five: boolean): Fault => ({
  name: five ? 'two-nodes' : 'two-of-three-nodes',
  description: five
    ? 'kills the primary with its node, and hangs another node, for 8 s'
    : 'hangs two of three nodes at once, for 12 s: nothing can be answered, and nothing may be lost',
  needs: ['signal'],
  ...(five ? { atLeast: { nodes: 5 } } : { atMost: { nodes: 3 }, explains: 'unavailable' as const }),
  takesNodes: 2,
  lastsMs: five ? 8000 : 12_000,
  ordinary: false,
  run: async (context) => {
    const { primary, replicas } = await castOf(context)
    const other = pick(context.random, replicas)
    const forMs = five ? 8000 : 12_000
    const hung = five ? partsOf(other) : [...partsOf(primary), ...partsOf(other)]
    await whileStopped(context, hung, async () => {
      if (five) await kill(context, partsOf(primary))
      context.did(`nodes ${primary} (primary) and ${other} ${five ? 'killed and hung' : 'hung'}`)
      await context.pause(forMs)
      if (five) await context.answered(20, 15_000)
    })
  },
})

export const hangs: readonly Fault[] = [
  hangPrimary,
  hangThenKill,
  pauseSentinels,
  suspendFault('suspend', () => 5, 5000),
  suspendFault('suspend-long', (random) => 10 + random() * 50, 35_000),
  laggingReplica,
  twoNodes(true),
  twoNodes(false),
]
