import { createHash, createHmac } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { HoldfastError } from '../errors.ts'
import { readIfExists, writeFileDurably } from '../platform/files.ts'
import { findManaged, spawnManaged, type ManagedProcess } from '../platform/managed-process.ts'
import { renderAcl } from '../render/acl.ts'
import { renderRedisConf } from '../render/redis-conf.ts'
import { renderSentinelConf } from '../render/sentinel-conf.ts'
import type { NodeTopology, Topology } from '../topology/topology.ts'

export interface NodePaths {
  /** The deployment's state directory: tags the processes. */
  readonly deployment: string
  /** The node's volume. */
  readonly directory: string
  readonly data: string
  readonly state: string
  readonly redisConf: string
  readonly aclFile: string
  readonly sentinelConf: string
  readonly logs: string
}

export function nodePaths(stateDir: string, node: number): NodePaths {
  const directory = join(stateDir, 'nodes', String(node))
  return {
    deployment: stateDir,
    directory,
    data: join(directory, 'data'),
    state: join(directory, 'agent.json'),
    redisConf: join(directory, 'redis.conf'),
    aclFile: join(directory, 'users.acl'),
    sentinelConf: join(directory, 'sentinel.conf'),
    logs: join(stateDir, 'logs'),
  }
}

export interface NodeSecrets {
  /** Of clients. */
  readonly password: string
  /** Further ones that clients may use: the old one and the next, while it is being changed. */
  readonly otherPasswords?: readonly string[]
  readonly internal: string
}

export function hasData(paths: NodePaths): boolean {
  const directory = join(paths.data, 'appendonlydir')
  return existsSync(directory) && readdirSync(directory).length > 0
}

/**
 * A full sync whose append-only file is not written yet: a server killed now comes back with what it had before the
 * sync, although it acknowledged since (measured, 7.0). The file stays until the rewrite is done, also over a restart.
 */
export function hasUnwrittenSync(paths: NodePaths): boolean {
  return existsSync(join(paths.data, 'appendonlydir', 'temp-appendonly.aof.incr'))
}

export const hasSentinelState = (paths: NodePaths) => existsSync(paths.sentinelConf)

/** Starts redis-server so that it serves and follows nobody: what it becomes is decided while it runs. */
export async function startRedis(
  topology: Topology,
  node: NodeTopology,
  paths: NodePaths,
  secrets: NodeSecrets,
): Promise<ManagedProcess> {
  mkdirSync(paths.data, { recursive: true, mode: 0o700 })
  writeFileDurably(
    paths.redisConf,
    renderRedisConf({
      topology,
      node,
      dataDirectory: paths.data,
      aclFile: paths.aclFile,
      replicaSecret: replicaSecret(secrets),
    }),
  )
  writeFileDurably(
    paths.aclFile,
    renderAcl({
      passwordHashes: validPasswords(secrets).map(sha256),
      internalHash: sha256(secrets.internal),
      replicaHash: sha256(replicaSecret(secrets)),
    }),
  )
  // On the command line, because it overrides whatever a file says: no candidate for Sentinel until it is in sync,
  // and a replica of nobody.
  return spawnManaged({
    component: `redis-${String(node.index)}`,
    deployment: paths.deployment,
    argv: [serverBinary(), paths.redisConf, '--replica-priority', '0', '--replicaof', `${node.address} 1`],
    env: { PATH: searchPath(), LANG: 'C.UTF-8' },
    cwd: paths.directory,
    logFile: join(paths.logs, `redis-${String(node.index)}.log`),
    umask: 0o077,
  })
}

/** Others are asked for twice: between two looks at files that are being renamed one may be in neither place. */
function validPasswords(secrets: NodeSecrets): string[] {
  const before = secrets.otherPasswords ?? []
  return [...new Set([secrets.password, ...before, ...(secrets.otherPasswords ?? [])])]
}

export function writeSentinelConf(
  topology: Topology,
  node: NodeTopology,
  paths: NodePaths,
  secrets: NodeSecrets,
  primary: NodeTopology,
  epochs: { readonly current: number; readonly leader: number; readonly config: number },
): void {
  const id = createHash('sha1')
    .update(`${topology.name}/sentinel-${String(node.index)}`)
    .digest('hex')
  writeFileDurably(
    paths.sentinelConf,
    renderSentinelConf({
      topology,
      node,
      primary,
      id,
      internalSecret: secrets.internal,
      internalHash: sha256(secrets.internal),
      directory: paths.directory,
      epochs,
    }),
  )
}

/** The epoch that a sentinel is in, by its own file; 0 when it says nothing. */
export function sentinelEpoch(paths: NodePaths): number {
  const text = readIfExists(paths.sentinelConf) ?? ''
  return Number(/^sentinel current-epoch (\d+)$/m.exec(text)?.[1] ?? 0)
}

export function startSentinel(node: NodeTopology, paths: NodePaths): Promise<ManagedProcess> {
  return spawnManaged({
    component: `sentinel-${String(node.index)}`,
    deployment: paths.deployment,
    argv: [serverBinary(), paths.sentinelConf, '--sentinel'],
    env: { PATH: searchPath(), LANG: 'C.UTF-8' },
    cwd: paths.directory,
    logFile: join(paths.logs, `sentinel-${String(node.index)}.log`),
    umask: 0o077,
  })
}

/** What a former agent of this node left running. */
export function runningServers(
  paths: NodePaths,
  node: number,
): { redis: ManagedProcess | null; sentinel: ManagedProcess | null } {
  const found = findManaged(paths.deployment).filter((process) => !process.stray)
  return {
    redis: found.find((process) => process.component === `redis-${String(node)}`) ?? null,
    sentinel: found.find((process) => process.component === `sentinel-${String(node)}`) ?? null,
  }
}

/** Derived, so that what CONFIG GET masterauth shows opens nothing but replication. */
function replicaSecret(secrets: NodeSecrets): string {
  return createHmac('sha256', secrets.internal).update('replica').digest('hex')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Debian's PATH for users lacks the sbin directories. */
function searchPath(): string {
  return [
    process.env.PATH ?? '',
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/local/bin',
    '/usr/bin',
    '/bin',
  ]
    .filter((part) => part !== '')
    .join(delimiter)
}

/** @throws HoldfastError BINARY_MISSING */
export function serverBinary(): string {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const directory of searchPath().split(delimiter)) {
      const path = join(directory, name)
      if (existsSync(path)) return path
    }
  }
  throw new HoldfastError('BINARY_MISSING', 'neither redis-server nor valkey-server is on this machine', {
    hint: 'Run ./holdfast up, which installs it, or: sudo apt-get install redis-server',
    exitCode: 2,
  })
}
