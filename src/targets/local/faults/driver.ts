import { HoldfastError } from '../../../errors.ts'
import { makePrivateDirectory } from '../../../platform/files.ts'
import type { HelperProcess } from '../../../platform/helper-process.ts'
import type { Capability, FaultDriver } from '../../../verify/faults/fault.ts'
import { judge } from '../judge.ts'
import { observe } from '../observation.ts'
import type { LocalPaths } from '../paths.ts'
import { takeProcessLock, type ProcessLock } from '../process-lock.ts'
import { requireSecrets, requireTopology, wantedInstances } from '../state-files.ts'
import type { Target, TargetContext } from '../../target.ts'
import { readCapabilities } from './capabilities.ts'
import { attachForeign } from './foreign-replica.ts'
import { startGuardian } from './guardian.ts'
import { healLeftOver } from './left-over.ts'
import { createNetwork } from './network.ts'
import { askGateway, askNode } from './node-commands.ts'
import { controlAddress } from './packet-rules.ts'
import { findProcess, runningComponents, signalComponent, signalComponents } from './processes.ts'
import { undoAll } from './undo.ts'
import { openJournal } from './undo-journal.ts'
import { createVolumes } from './volume.ts'

const startAllWithinMs = 180_000

/**
 * Breaks a deployment of this machine, and heals it. What an earlier one left is healed first.
 * @param target the same deployment, for what it does itself
 * @throws HoldfastError BUSY while another verify breaks this deployment; NOT_RUNNING when there is none
 */
export async function openFaultDriver(paths: LocalPaths, target: Target): Promise<FaultDriver> {
  const { stateDir } = paths
  const topology = requireTopology(paths)
  const secrets = requireSecrets(paths)
  makePrivateDirectory(paths.run)
  await healLeftOver(stateDir)
  const lock = takeLock(paths, topology.name)
  const capabilities = await readCapabilities(stateDir)
  const journal = openJournal(stateDir)
  const network = createNetwork(stateDir, topology, journal)
  const volumes = createVolumes(paths, topology, journal)
  let guardian: Promise<HelperProcess> | null = null

  /** Nothing is broken before somebody is there who heals it. */
  const guarded = async <T>(capability: Capability, breakIt: () => T | Promise<T>): Promise<T> => {
    const why = capabilities[capability]
    if (why !== null) throw new HoldfastError('UNSUPPORTED', why, { exitCode: 2 })
    guardian ??= startGuardian(paths)
    await guardian
    return await breakIt()
  }
  const context = (signal: AbortSignal): TargetContext => ({
    progress: { step: () => undefined, waiting: () => undefined },
    signal,
  })
  const patient = () => context(AbortSignal.timeout(startAllWithinMs))
  const supervised = (components: readonly string[]) => {
    if (components.some((each) => /^(supervisor|agent-)/.test(each))) journal.note({ kind: 'supervise' })
  }
  const heal = async () => {
    // What this process knows of it first: its relays end in order, and the rules are forgotten.
    await network.heal()
    await undoAll(paths, topology, journal)
  }

  return {
    why: (capability) => capabilities[capability],
    observe: async () =>
      judge(await observe(paths, topology, secrets, wantedInstances(paths, topology), controlAddress)),
    components: () => Promise.resolve(runningComponents(stateDir)),
    process: (component) => Promise.resolve(findProcess(stateDir, component)),
    signal: (component, signal) =>
      guarded('signal', () => {
        if (signal === 'KILL') supervised([component])
        return signalComponent(stateDir, component, signal, journal)
      }),
    signalAll: (components, signal) =>
      guarded('signal', async () => {
        if (signal === 'KILL') supervised(components)
        await signalComponents(stateDir, components, signal, journal)
      }),
    restart: async (component) => {
      await target.restart(component, patient())
    },
    switchover: async (to, signal) => {
      await target.switchover(to, context(signal))
    },
    scale: (instances) =>
      guarded('scale', async () => {
        const before = wantedInstances(paths, topology)
        if (!journal.steps().some(({ kind }) => kind === 'scale')) {
          journal.note({ kind: 'scale', instances: before })
        }
        await target.scale(instances, patient())
      }),
    refresh: async () => {
      await target.refresh(patient())
    },
    startAll: async () => {
      const instances = wantedInstances(paths, topology)
      await target.apply(topology, null, patient())
      if (instances !== topology.app.instances.length) await target.scale(instances, patient())
    },
    cut: (from, to, only) => guarded('network', () => network.cut(from, to, only)),
    delay: (node, milliseconds) => guarded('delay', () => network.delay(node, milliseconds)),
    healNetwork: () => network.heal(),
    redis: (node, words) => askNode(paths, topology, { node, server: 'redis' }, words),
    sentinel: (node, words) => askNode(paths, topology, { node, server: 'sentinel' }, words),
    change: (node, words, undo) =>
      guarded('redis', () => {
        journal.note({ kind: 'redis', node, words: undo })
        return askNode(paths, topology, { node, server: 'redis' }, words)
      }),
    gateway: (words) => askGateway(paths, topology, words),
    emptyVolume: (node) => guarded('volume', () => volumes.empty(node)),
    fillDisk: (node) => guarded('disk', () => volumes.fill(node)),
    stallDisk: (node) => guarded('disk-stall', () => volumes.stall(node)),
    stepClock: () => guarded('clock', () => undefined),
    attachForeign: (node, as) => guarded('foreign', () => attachForeign(paths, topology, journal, node, as)),
    heal,
    close: async () => {
      try {
        await heal()
      } finally {
        // The guardian goes on with what could not be healed.
        lock.release()
        await (await guardian)?.end()
        guardian = null
      }
    },
  }
}

function takeLock(paths: LocalPaths, name: string): ProcessLock {
  const lock = takeProcessLock(paths.verifyLock)
  if (!('heldBy' in lock)) return lock
  const message = `another verify (pid ${String(lock.heldBy)}) is at work on ${name}`
  throw new HoldfastError('BUSY', message, { hint: 'Wait for it, then do this again.', exitCode: 2 })
}
