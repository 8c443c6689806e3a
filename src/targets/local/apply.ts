import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { writeFileDurably } from '../../platform/files.ts'
import { findManaged } from '../../platform/managed-process.ts'
import { isChanging, withStage } from '../../topology/stages.ts'
import type { NodeTopology, Topology } from '../../topology/topology.ts'
import type { TargetContext } from '../target.ts'
import { changeNodes } from './change-nodes.ts'
import { lastWords } from './last-words.ts'
import { askManager, endOutdatedManager, ensureManager, isManaged } from './manager.ts'
import type { LocalPaths } from './paths.ts'
import { checkPorts, listeners } from './ports.ts'
import { checkPrograms, prepareStateDirectory, stateError } from './preflight.ts'
import { noteSettings, settleNodes } from './node-settings.ts'
import { settleSecrets } from './secrets.ts'
import { migrateState } from './state-version.ts'
import { readTopology } from './state-files.ts'
import { isUnderSystemd } from './systemd/places.ts'
import { waitUntilReady } from './wait-ready.ts'

const supervisorPatienceMs = 10_000

/** Brings a deployment to a topology; see Target.apply. The caller holds the operation lock. */
export async function apply(
  paths: LocalPaths,
  topology: Topology,
  password: string | null,
  context: TargetContext,
): Promise<readonly string[]> {
  if (existsSync(paths.topology)) migrateState(paths)
  const before = readTopology(paths)
  if (before !== null && (isChanging(before) || before.nodes.length !== topology.nodes.length)) {
    const wanted = topology.nodes
    await checkNewNodes(paths, before, wanted)
    const changes = await applyAsItIs(paths, withStage(topology, before), password, context)
    const bring = (stage: Topology) => settle(paths, stage, context)
    return [...changes, ...(await changeNodes(paths, wanted, bring, context))]
  }
  return await applyAsItIs(paths, topology, password, context)
}

/** With as many nodes as there are. */
async function applyAsItIs(
  paths: LocalPaths,
  topology: Topology,
  password: string | null,
  context: TargetContext,
): Promise<readonly string[]> {
  const before = readTopology(paths)
  const isRunning = await isManaged(paths)
  await check(paths, topology, before, isRunning)
  context.signal.throwIfAborted()
  try {
    migrateState(paths)
    settleSecrets(paths, password)
    writeFileDurably(paths.topology, JSON.stringify(topology, null, 2))
    rmSync(paths.scale, { force: true })
    writeFileSync(paths.wanted, '', { mode: 0o600 })
  } catch (error) {
    throw stateError(error as NodeJS.ErrnoException, paths)
  }
  // Nodes that are not running take the settings up when they start.
  if (findManaged(paths.stateDir).every(({ component }) => !component.startsWith('redis-')))
    noteSettings(paths, topology)
  if (isUnderSystemd(paths.stateDir)) {
    const { prepareSystem } = await import('./systemd/prepare-system.ts')
    await prepareSystem(paths, topology, isRunning)
  }
  return await settle(paths, topology, context)
}

/** Brings everything to what the files of the deployment say, and waits until it is. */
export async function settle(
  paths: LocalPaths,
  topology: Topology,
  context: TargetContext,
): Promise<readonly string[]> {
  const changes: string[] = []
  if ((await isManaged(paths)) && (await endOutdatedManager(paths))) {
    context.progress.step('another version of Holdfast: everything takes it up, one part at a time')
    changes.push('Holdfast runs another version')
  }
  if (await ensureManager(paths)) {
    context.progress.step(`starting ${topology.name} in ${paths.stateDir}`)
    changes.push(`${topology.name} was started`)
  }
  if (!isUnderSystemd(paths.stateDir)) await supervisorAnswers(paths, context)
  const { changes: applied } = await askManager(
    paths,
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
  changes.push(...(await settleNodes(paths, topology, context)))
  await waitUntilReady(paths, topology, context)
  return changes
}

/** Everything that can be known to fail is looked at before anything is started or changed. */
async function check(
  paths: LocalPaths,
  topology: Topology,
  before: Topology | null,
  isRunning: boolean,
): Promise<void> {
  if (before !== null && isRunning && JSON.stringify(before.nodes) !== JSON.stringify(topology.nodes)) {
    throw new HoldfastError('UNSUPPORTED', 'local.network cannot be changed while the nodes run', {
      hint: './holdfast down, then ./holdfast up. The data stays.',
      exitCode: 2,
    })
  }
  if (isRunning && before !== null && JSON.stringify(before) === JSON.stringify(topology)) return
  prepareStateDirectory(paths)
  await checkPrograms()
  const known = new Set(isRunning && before !== null ? listeners(before).map(addressOf) : [])
  await checkPorts(
    paths.stateDir,
    listeners(topology).filter((listener) => !known.has(addressOf(listener))),
  )
}

/** Nodes that are added: found out now rather than half way. */
async function checkNewNodes(
  paths: LocalPaths,
  before: Topology,
  wanted: readonly NodeTopology[],
): Promise<void> {
  const isMoved = before.nodes.some(({ address }, index) => (wanted[index]?.address ?? address) !== address)
  if (isMoved) {
    throw new HoldfastError(
      'UNSUPPORTED',
      'the number of nodes and their network cannot be changed at once',
      {
        hint: 'Set local.network back, ./holdfast up, and change it afterwards.',
        exitCode: 2,
      },
    )
  }
  const added = { ...before, nodes: wanted.slice(before.nodes.length) }
  const known = new Set(listeners(before).map(addressOf))
  await checkPorts(
    paths.stateDir,
    listeners(added).filter((listener) => !known.has(addressOf(listener))),
  )
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${String(port)}`
}

async function supervisorAnswers(paths: LocalPaths, { signal, progress }: TargetContext): Promise<void> {
  const deadline = performance.now() + supervisorPatienceMs
  for (;;) {
    signal.throwIfAborted()
    try {
      await askManager(paths, 'status', {}, { signal: AbortSignal.timeout(2000) })
      return
    } catch (error) {
      if (performance.now() > deadline) {
        const tail = lastWords(paths, 'supervisor', 5)
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
