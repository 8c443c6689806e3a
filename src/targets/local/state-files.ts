import { readFileSync } from 'node:fs'
import { HoldfastError } from '../../errors.ts'
import { readIfExists } from '../../platform/files.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Secrets } from '../target.ts'
import type { LocalPaths } from './paths.ts'

/** @returns the topology in force, or null when nothing was ever applied */
export function readTopology(paths: LocalPaths): Topology | null {
  const text = readIfExists(paths.topology)
  return text === null ? null : (JSON.parse(text) as Topology)
}

/** @throws HoldfastError NOT_RUNNING */
export function requireTopology(paths: LocalPaths): Topology {
  const topology = readTopology(paths)
  if (topology !== null) return topology
  throw new HoldfastError('NOT_RUNNING', `there is no deployment in ${paths.stateDir}`, {
    hint: './holdfast up',
    exitCode: 2,
  })
}

/** @returns null when there are none yet */
export function readSecrets(paths: LocalPaths): Secrets | null {
  const [password, internal] = [readIfExists(paths.password), readIfExists(paths.internal)]
  return password === null || internal === null ? null : { password, internal }
}

/** @throws HoldfastError NOT_RUNNING */
export function requireSecrets(paths: LocalPaths): Secrets {
  const secrets = readSecrets(paths)
  if (secrets !== null) return secrets
  throw new HoldfastError('NOT_RUNNING', `there are no secrets in ${paths.secrets}`, {
    hint: './holdfast up',
    exitCode: 2,
  })
}

/** @returns how many instances are to run: what the topology says, or what `scale` said since */
export function wantedInstances(paths: LocalPaths, topology: Topology): number {
  const text = readIfExists(paths.scale)
  return text === null ? topology.app.instances.length : (JSON.parse(text) as { instances: number }).instances
}

export function openFilesLimit(): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
  return hard === undefined ? 1024 : Number(hard)
}
