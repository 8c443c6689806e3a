import type { Fault } from './fault.ts'
import { kill, pidsOf, untilBack, whileStopped } from './steps.ts'
import { kinds, standby, type VictimKind } from './victims.ts'

const ordinary: ReadonlySet<string> = new Set([
  'kill-primary',
  'kill-node',
  'kill-gateway',
  'kill-instance',
  'kill-supervisor',
  'pause-primary',
  'pause-replica',
])
/** Longer than down-after, the election and the gate together. */
const pausePrimaryMs = 5000
const pauseMs = 3000

function killFault(kind: VictimKind): Fault {
  const name = `kill-${kind.name}`
  return {
    name,
    description: `kills ${kind.words}`,
    needs: kind.needs,
    ...(kind.atLeast === undefined ? {} : { atLeast: kind.atLeast }),
    ...(kind.inHand ? { explains: 'in-hand' as const } : {}),
    takesNodes: kind.takesNodes,
    lastsMs: 1500,
    ordinary: ordinary.has(name),
    run: async (context) => {
      const victim = await kind.choose(context)
      const pids = await pidsOf(context.driver, victim.components)
      await kill(context, victim.components)
      context.did(`${victim.words} killed`)
      await untilBack(context, pids, 30_000)
    },
  }
}

function pauseFault(kind: VictimKind): Fault {
  const name = `pause-${kind.name}`
  const lastsMs = kind.name === 'primary' || kind.name === 'node' ? pausePrimaryMs : pauseMs
  return {
    name,
    description: `stops ${kind.words} for ${lastsMs / 1000} s (SIGSTOP), then lets it go on`,
    needs: kind.needs,
    ...(kind.atLeast === undefined ? {} : { atLeast: kind.atLeast }),
    takesNodes: kind.takesNodes,
    lastsMs,
    ordinary: ordinary.has(name),
    run: async (context) => {
      const victim = await kind.choose(context)
      await whileStopped(context, victim.components, async () => {
        context.did(`${victim.words} stopped for ${lastsMs / 1000} s`)
        await context.pause(lastsMs)
      })
    },
  }
}

export const kills: readonly Fault[] = [...kinds, standby].map(killFault)
export const pauses: readonly Fault[] = kinds.map(pauseFault)
