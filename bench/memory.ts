import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findManaged } from '../src/platform/managed-process.ts'
import { ownProcesses } from '../src/platform/proc.ts'
import { createDeployment } from './support/deployment.ts'
import { markdownTable } from './support/markdown.ts'
import type { MeasureContext, Measurement } from './support/measurement.ts'
import { total } from './support/statistics.ts'

/** Proportional set size of the idle default deployment, every process of it. */
export const memory: Measurement = { name: 'memory', title: 'Memory of the idle default deployment', measure }

/** How long it has been idle when it is looked at. */
const idleMs = 10_000

interface Usage {
  /** KiB and number of processes, by kind of component. */
  readonly kinds: ReadonlyMap<string, { readonly kib: number; readonly processes: number }>
  /** Pages of the Node program that this measuring process is counted a share of. */
  readonly sharedKib: number
}

async function measure({ scope, say }: MeasureContext): Promise<string> {
  const cache = await mkdtemp(join(tmpdir(), 'holdfast-bench-cache-'))
  scope.defer(() => rm(cache, { recursive: true, force: true }))
  say('memory, empty compile cache')
  const cold = await usageOfIdle(scope, { NODE_COMPILE_CACHE: cache })
  say('memory, filled compile cache')
  const warm = await usageOfIdle(scope, { NODE_COMPILE_CACHE: cache })
  const mib = (kib: number) => (kib / 1024).toFixed(1)
  const kinds = [...warm.kinds.keys()].sort()
  const kibOf = ({ kinds: all }: Usage, kind: string) => all.get(kind)?.kib ?? 0
  const sum = (usage: Usage) => total([...usage.kinds.values()].map(({ kib }) => kib)) + usage.sharedKib
  const processes = total([...warm.kinds.values()].map((each) => each.processes))
  return markdownTable(
    ['PSS in MiB, 10 s after `up`', 'processes', 'filled compile cache', 'empty (first start of a clone)'],
    [
      ...kinds.map((kind) => [
        kind,
        String(warm.kinds.get(kind)?.processes ?? 0),
        mib(kibOf(warm, kind)),
        mib(kibOf(cold, kind)),
      ]),
      ['pages counted to the measuring process', '', mib(warm.sharedKib), mib(cold.sharedKib)],
      ['**all**', String(processes), `**${mib(sum(warm))}**`, `**${mib(sum(cold))}**`],
    ],
  )
}

async function usageOfIdle(scope: AsyncDisposableStack, env: Readonly<Record<string, string>>) {
  const deployment = await createDeployment(scope, { network: '127.90.3', env })
  await deployment.holdfast('up')
  await deployment.healthy()
  await delay(idleMs)
  const usage = usageOf(deployment.stateDir)
  await deployment.purge()
  return usage
}

/** Leaders with all of their sessions: the shell that runs an application is one, what it started is another. */
function usageOf(stateDir: string): Usage {
  const leaders = findManaged(stateDir)
  const componentOfSession = new Map(leaders.map(({ pid, component }) => [pid, component]))
  const kinds = new Map<string, { kib: number; processes: number }>()
  for (const { pid, session } of ownProcesses()) {
    const component = componentOfSession.get(pid) ?? componentOfSession.get(session)
    if (component === undefined) continue
    const kind = component.replace(/-\d+$/, '')
    const before = kinds.get(kind) ?? { kib: 0, processes: 0 }
    kinds.set(kind, { kib: before.kib + kibOf(pid, 'Pss'), processes: before.processes + 1 })
  }
  // Run beside them, we carry a part of what they share with us: without us it would be theirs.
  return { kinds, sharedKib: kibOf(process.pid, 'Pss_File') }
}

function kibOf(pid: number, field: 'Pss' | 'Pss_File'): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN)
}
