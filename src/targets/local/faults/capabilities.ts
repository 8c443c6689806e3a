import { statSync } from 'node:fs'
import type { Capability } from '../../../verify/faults/fault.ts'
import { isUnderSystemd } from '../systemd/places.ts'
import { whyNoOwnDisk } from './own-disk.ts'
import { whyNoDelay, whyNoNetwork } from './packet-filter.ts'

const noCluster = 'there are no pods on a single machine: --target kubernetes'

/** Why a capability is lacking on this machine, or null: tried, not guessed. */
export async function readCapabilities(
  stateDir: string,
): Promise<Readonly<Record<Capability, string | null>>> {
  const owner = whyNotOwner(stateDir)
  const [network, delay] = await Promise.all([whyNoNetwork(), whyNoDelay()])
  const disk = owner ?? whyNoOwnDisk()
  return {
    signal: owner,
    'signal-app': null,
    sidecars: 'here no instance has a gateway of its own',
    'front-door': null,
    pods: noCluster,
    claims: noCluster,
    drain: noCluster,
    restart: null,
    switchover: null,
    scale: null,
    refresh: null,
    network,
    delay,
    redis: null,
    volume: owner,
    disk,
    'disk-stall': disk,
    clock: 'all nodes of this machine share its one clock',
    foreign: owner,
    supervisor: owner ?? (isUnderSystemd(stateDir) ? 'systemd supervises, and it cannot be killed' : null),
  }
}

/** Processes are found, and signalled, only by the user that they run as. */
function whyNotOwner(stateDir: string): string | null {
  const { uid } = statSync(stateDir)
  if (uid === process.getuid?.() || (isUnderSystemd(stateDir) && process.getuid?.() === 0)) return null
  return `the deployment in ${stateDir} runs as another user (uid ${String(uid)}): run verify as that user`
}
