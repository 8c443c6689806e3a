import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { lastLines, writeFileDurably } from '../../platform/files.ts'
import type { Topology } from '../../topology/topology.ts'
import type { TargetContext } from '../target.ts'
import { askAgent } from './agent-client.ts'
import { askSupervisor } from './control.ts'
import { ensureSupervisor } from './ensure-supervisor.ts'
import type { LocalPaths } from './paths.ts'
import { checkPorts, listeners } from './ports.ts'
import { checkPrograms, prepareStateDirectory, stateError } from './preflight.ts'
import { lockHolder } from './process-lock.ts'
import { settleSecrets } from './secrets.ts'
import { readTopology, requireSecrets } from './state-files.ts'
import { waitUntilReady } from './wait-ready.ts'

const supervisorPatienceMs = 10_000

/** Brings a deployment to a topology; see Target.apply. The caller holds the operation lock. */
export async function apply(
  paths: LocalPaths,
  topology: Topology,
  password: string | null,
  context: TargetContext,
): Promise<readonly string[]> {
  const before = readTopology(paths)
  const isSupervised = lockHolder(paths.supervisorLock) !== null
  await check(paths, topology, before, isSupervised)
  context.signal.throwIfAborted()
  try {
    settleSecrets(paths, password)
    writeFileDurably(paths.topology, JSON.stringify(topology, null, 2))
    rmSync(paths.scale, { force: true })
    writeFileSync(paths.wanted, '', { mode: 0o600 })
  } catch (error) {
    throw stateError(error as NodeJS.ErrnoException, paths)
  }
  const changes: string[] = []
  if (await ensureSupervisor(paths.stateDir)) {
    context.progress.step(`starting ${topology.name} in ${paths.stateDir}`)
    changes.push(`${topology.name} was started`)
  }
  await supervisorAnswers(paths, context)
  if (changes.length > 0) await waitUntilReady(paths, topology, context)
  const { changes: applied } = await askSupervisor(
    paths.supervisorSocket,
    'apply',
    {},
    {
      signal: context.signal,
      onStep: (text) => {
        context.progress.step(text)
      },
    },
  )
  changes.push(...applied)
  if (before !== null && isSupervised && settingsOf(before) !== settingsOf(topology)) {
    await restartNodes(paths, topology, context)
    changes.push('the Redis nodes have new settings')
  }
  await waitUntilReady(paths, topology, context)
  return changes
}

/** Everything that can be known to fail is looked at before anything is started or changed. */
async function check(
  paths: LocalPaths,
  topology: Topology,
  before: Topology | null,
  isSupervised: boolean,
): Promise<void> {
  if (before !== null && before.nodes.length !== topology.nodes.length) {
    const numbers = `${String(before.nodes.length)} Redis nodes, the spec says ${String(topology.nodes.length)}`
    throw new HoldfastError('UNSUPPORTED', `the deployment has ${numbers}: the number cannot be changed`, {
      hint: `Set redis.nodes back to ${String(before.nodes.length)}, or give the new deployment another name.`,
      exitCode: 2,
    })
  }
  if (before !== null && isSupervised && JSON.stringify(before.nodes) !== JSON.stringify(topology.nodes)) {
    throw new HoldfastError('UNSUPPORTED', 'local.network cannot be changed while the nodes run', {
      hint: './holdfast down, then ./holdfast up. The data stays.',
      exitCode: 2,
    })
  }
  if (isSupervised && before !== null && JSON.stringify(before) === JSON.stringify(topology)) return
  prepareStateDirectory(paths)
  await checkPrograms()
  const known = new Set(isSupervised && before !== null ? listeners(before).map(addressOf) : [])
  await checkPorts(
    paths.stateDir,
    listeners(topology).filter((listener) => !known.has(addressOf(listener))),
  )
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${String(port)}`
}

function settingsOf({ redis }: Topology): string {
  return JSON.stringify(redis)
}

async function supervisorAnswers(paths: LocalPaths, { signal, progress }: TargetContext): Promise<void> {
  const deadline = performance.now() + supervisorPatienceMs
  for (;;) {
    signal.throwIfAborted()
    try {
      await askSupervisor(paths.supervisorSocket, 'status', {}, { signal: AbortSignal.timeout(2000) })
      return
    } catch (error) {
      if (performance.now() > deadline) {
        const tail = lastLines(paths.log('supervisor'), 5)
          .map((line) => `\n    ${line}`)
          .join('')
        throw new HoldfastError('TIMEOUT', `the supervisor does not answer. Its last lines:${tail}`, {
          hint: './holdfast logs supervisor',
          cause: error,
        })
      }
    }
    progress.waiting('the supervisor')
    if (!existsSync(paths.wanted))
      throw new HoldfastError('BUSY', 'the deployment is being stopped', { hint: './holdfast up' })
    await delay(20)
  }
}

/** One at a time, and the next only when the last is in sync again; an agent whose node is the primary switches over first. */
async function restartNodes(paths: LocalPaths, topology: Topology, context: TargetContext): Promise<void> {
  const { internal } = requireSecrets(paths)
  for (const node of topology.nodes) {
    await waitUntilReady(paths, topology, context)
    context.progress.step(`${node.name} is started anew with its new settings`)
    await askAgent(
      node,
      internal,
      '/restart',
      { component: 'redis' },
      { failure: 'INTERNAL', signal: context.signal },
    )
  }
}
