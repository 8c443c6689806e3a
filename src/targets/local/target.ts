import { mkdirSync, statSync } from 'node:fs'
import { HoldfastError } from '../../errors.ts'
import { readIfExists } from '../../platform/files.ts'
import { findManaged } from '../../platform/managed-process.ts'
import { createMutex } from '../../platform/mutex.ts'
import type { Status } from '../status.ts'
import type { Target, TargetContext } from '../target.ts'
import { askAgent } from './agent-client.ts'
import { apply } from './apply.ts'
import { isOtherVersion } from './ensure-supervisor.ts'
import type { CommandName, ControlCommands } from './control.ts'
import { healLeftOver, leftOverProblem } from './faults/left-over.ts'
import { findPrimary } from '../nodes.ts'
import { judge } from './judge.ts'
import { tailLogs } from './logs.ts'
import { askManager } from './manager.ts'
import { observe } from './observation.ts'
import { localPaths, type LocalPaths } from './paths.ts'
import { stateError } from './preflight.ts'
import { takeProcessLock } from './process-lock.ts'
import { planUp } from './plan.ts'
import { remove } from './remove.ts'
import { reachable } from './http-probe.ts'
import { warmCompileCache } from './warm-cache.ts'
import { checkStateVersion } from './state-version.ts'
import { journalLines } from './systemd/journal.ts'
import { forgetMoved, moveIn } from './systemd/move-in.ts'
import { isUnderSystemd } from './systemd/places.ts'
import { unitFingerprint } from './systemd/unit-status.ts'
import { finishSwap } from './volume-swap.ts'
import { readSecrets, readTopology, requireSecrets, requireTopology, wantedInstances } from './state-files.ts'

export interface LocalTargetOptions {
  /** Absolute. */
  readonly stateDir: string
  readonly name: string
  /** Where the embedded supervisor has, or had, the deployment that is under systemd now. */
  readonly embeddedStateDir?: string
}

/**
 * This machine: processes under the embedded supervisor, or under systemd when the state is where that has it.
 * @throws HoldfastError STATE_NEWER
 */
export function localTarget({ stateDir, name, embeddedStateDir = stateDir }: LocalTargetOptions): Target {
  const paths = localPaths(stateDir)
  checkStateVersion(paths)
  const one = createMutex()
  const exclusively = <T>(work: () => Promise<T>) => one(() => withOperationLock(paths, name, work))
  const target: Target = {
    kind: 'local',
    place: stateDir,
    observe: () => observeStatus(paths, name),
    apply: (topology, password, context) =>
      exclusively(async () => {
        const isSystem = isUnderSystemd(stateDir)
        if (isSystem) await moveIn(paths, embeddedStateDir, context)
        else await warmCompileCache(process.env, context.signal)
        await healLeftOver(stateDir)
        finishSwap(paths)
        const changes = await apply(paths, topology, password, context)
        if (isSystem) forgetMoved(embeddedStateDir)
        return changes
      }),
    plan: (topology, password) =>
      Promise.resolve().then(() => {
        const present = readTopology(paths)
        const running = findManaged(stateDir)
        return planUp(
          {
            topology: present,
            secrets: readSecrets(paths),
            isRunning: running.length > 0,
            instances: running.filter(({ component, stray }) => component.startsWith('app-') && !stray)
              .length,
            fingerprint: (component) =>
              (isUnderSystemd(stateDir) ? unitFingerprint(stateDir, component) : null) ??
              readIfExists(paths.fingerprint(component)),
            isOtherVersion: !isUnderSystemd(stateDir) && isOtherVersion(paths),
          },
          topology,
          password,
        )
      }),
    remove: async (options, context) => {
      // What is no directory is no deployment's, and nothing of ours to remove.
      if (statSync(stateDir, { throwIfNoEntry: false })?.isDirectory() !== true) return []
      // What a dead verify left must not keep anything from ending, or from being removed.
      await healLeftOver(stateDir)
      // Not under the lock: `down` also ends an `up` that hangs.
      return await remove(paths, options, context)
    },
    scale: (instances, context) => exclusively(() => ask(paths, 'scale', { instances }, context)),
    refresh: (context) =>
      exclusively(async () => {
        requireTopology(paths)
        await warmCompileCache(process.env, context.signal)
        await ask(paths, 'refresh', {}, context)
      }),
    switchover: (to, context) => exclusively(() => switchover(paths, to, context)),
    restart: (component, context) => exclusively(() => restart(paths, component, context)),
    logs: (component, options) => readLogs(paths, component, options),
    connection: () => Promise.resolve().then(() => connectionOf(paths)),
    backup: async (request, context) => {
      const { backup } = await import('./backup.ts')
      return await backup(paths, request, context)
    },
    restore: (request, context) =>
      exclusively(async () => {
        const { restore } = await import('./restore.ts')
        await healLeftOver(stateDir)
        return await restore(paths, request, context)
      }),
    rotatePassword: (request, context) =>
      exclusively(async () => {
        const { rotatePassword } = await import('./rotate.ts')
        return await rotatePassword(paths, request, context)
      }),
    faults: async () => {
      const { openFaultDriver } = await import('./faults/driver.ts')
      return await openFaultDriver(paths, target)
    },
  }
  return target
}

/** What a node's servers write, its agent keeps in a file, also under systemd. */
function readLogs(
  paths: LocalPaths,
  component: string | undefined,
  options: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const isServer = component !== undefined && /^(redis|sentinel)-/.test(component)
  return isUnderSystemd(paths.stateDir) && !isServer
    ? journalLines(paths.stateDir, component, options)
    : tailLogs(paths, component, options)
}

async function observeStatus(paths: LocalPaths, name: string): Promise<Status> {
  const topology = readTopology(paths)
  const secrets = readSecrets(paths)
  if (topology === null || secrets === null) return nothing(name)
  const status = judge(await observe(paths, topology, secrets, wantedInstances(paths, topology)))
  const left = leftOverProblem(paths.stateDir)
  return left === null ? status : { ...status, problems: [left, ...status.problems] }
}

function nothing(name: string): Status {
  const parts = { primary: null, epoch: 0, nodes: [], gateways: [], instances: [], problems: [] }
  return { name, target: 'local', state: 'down', ...parts, frontDoor: { url: '', up: false } }
}

async function ask<Name extends CommandName>(
  paths: LocalPaths,
  command: Name,
  args: ControlCommands[Name]['arguments'],
  { signal, progress }: TargetContext,
): Promise<void> {
  requireTopology(paths)
  await askManager(paths, command, args, {
    signal,
    onStep: (text) => {
      progress.step(text)
    },
  })
}

async function switchover(
  paths: LocalPaths,
  to: string | undefined,
  { signal, progress }: TargetContext,
): Promise<string> {
  const topology = requireTopology(paths)
  const secrets = requireSecrets(paths)
  const target = to === undefined ? undefined : topology.nodes.find((node) => node.name === to)
  if (to !== undefined && target === undefined) {
    const names = topology.nodes.map((node) => node.name).join(', ')
    throw new HoldfastError('USAGE', `there is no node ${to}`, {
      hint: `The nodes are ${names}.`,
      exitCode: 2,
    })
  }
  const { agents } = await observe(paths, topology, secrets, 0)
  const primary = topology.nodes[findPrimary(agents)?.node ?? -1]
  if (primary === undefined) {
    throw new HoldfastError('SWITCHOVER_FAILED', 'there is no primary that could hand over', {
      hint: './holdfast status',
    })
  }
  if (target?.name === primary.name) return primary.name
  progress.waiting(`${primary.name} to hand over`)
  const body = target === undefined ? {} : { to: target.index }
  const answer = await askAgent(primary, secrets.internal, '/switchover', body, {
    failure: 'SWITCHOVER_FAILED',
    signal,
  })
  return (answer as { primary: string }).primary
}

async function restart(paths: LocalPaths, component: string, context: TargetContext): Promise<void> {
  const topology = requireTopology(paths)
  const [, server, index] = /^(redis|sentinel)-(\d+)$/.exec(component) ?? []
  const node = server === undefined ? undefined : topology.nodes[Number(index)]
  if (node === undefined) {
    await ask(paths, 'restart', { component }, context)
    return
  }
  const { internal } = requireSecrets(paths)
  await askAgent(
    node,
    internal,
    '/restart',
    { component: server },
    { failure: 'BUSY', signal: context.signal },
  )
}

function connectionOf(paths: LocalPaths) {
  const { gateway, redis } = requireTopology(paths)
  const { password } = requireSecrets(paths)
  return { host: reachable(gateway.host), port: gateway.port, password, db: redis.db }
}

/** Two commands that change one deployment do not interleave. */
async function withOperationLock<T>(paths: LocalPaths, name: string, work: () => Promise<T>): Promise<T> {
  let lock: ReturnType<typeof takeProcessLock>
  try {
    mkdirSync(paths.run, { recursive: true, mode: 0o700 })
    lock = takeProcessLock(paths.operationLock)
  } catch (error) {
    throw stateError(error as NodeJS.ErrnoException, paths)
  }
  if ('heldBy' in lock) {
    throw new HoldfastError(
      'BUSY',
      `another command (pid ${String(lock.heldBy)}) is changing ${name} right now`,
      {
        hint: 'Wait for it, then do this again.',
        exitCode: 2,
      },
    )
  }
  try {
    return await work()
  } finally {
    lock.release()
  }
}
