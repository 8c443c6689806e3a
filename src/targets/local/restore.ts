import { closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { controlConnection } from '../../agent/redis-link.ts'
import { sizeOnDisk } from '../../agent/append-only-file.ts'
import { hasData, nodePaths } from '../../agent/servers.ts'
import type { BackupManifest } from '../../backup/manifest.ts'
import { readFileWhole } from '../../backup/read-file.ts'
import { HoldfastError } from '../../errors.ts'
import { findManaged } from '../../platform/managed-process.ts'
import type { Topology } from '../../topology/topology.ts'
import type { RestoreRequest, RestoreResult, TargetContext } from '../target.ts'
import { apply } from './apply.ts'
import type { LocalPaths } from './paths.ts'
import { checkPrograms, prepareStateDirectory, stateError } from './preflight.ts'
import { lockHolder } from './process-lock.ts'
import { remove } from './remove.ts'
import { scratchComponent, startScratch, type ScratchServer } from './scratch-server.ts'
import { requireSecrets } from './state-files.ts'
import { beginSwap, finishSwap, readHighestPromise, writeStagedState } from './volume-swap.ts'

const pollMs = 50

/**
 * Replaces the data of a deployment by that of a backup; see Target.restore. The caller holds the operation lock.
 *
 * 1. The file is read to its end: damaged, and nothing has been touched.
 * 2. A server of its own loads it, drops Holdfast's own database (the record and the markers are of a reign that is over) and
 *    writes it as an append-only file; another one loads that, and must hold the same.
 * 3. Everything is stopped; the nodes' directories are put aside and new ones put in their place, in one step that is finished
 *    by the next command if this one dies. Only redis-0's has data, and no record: a deployment that begins.
 * 4. Everything is started: redis-0 begins a reign above every promise that was ever made here, the others fetch everything.
 */
export async function restore(
  paths: LocalPaths,
  { file, overwrite, topology, password }: RestoreRequest,
  context: TargetContext,
): Promise<RestoreResult> {
  const { progress, signal } = context
  progress.waiting(`${file} to be read`)
  await readFileWhole(file, signal)
  finishSwap(paths)
  if (!overwrite && hasAnyData(paths)) throw wouldOverwrite(paths, file)
  if (lockHolder(paths.verifyLock) !== null) {
    throw new HoldfastError('BUSY', 'a verify is breaking this deployment right now', {
      hint: 'Wait for it, or end it with Ctrl-C; then restore.',
      exitCode: 2,
    })
  }
  await checkPrograms()
  const staging = join(paths.stateDir, 'restore')
  let loaded: Loaded
  try {
    prepareStateDirectory(paths)
    // As it is, and as an append-only file.
    requireRoom(paths, 2 * statSync(file).size)
    await clearStaging(paths, staging)
    loaded = await stage(paths, { file, staging, topology }, context)
    // Each replica is sent a file, and writes its own.
    requireRoom(paths, (topology.nodes.length - 1) * 2 * loaded.bytes)
    signal.throwIfAborted()
  } catch (error) {
    await clearStaging(paths, staging)
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC'
      ? stateError(error as NodeJS.ErrnoException, paths)
      : error
  }
  if (findManaged(paths.stateDir).length > 0) progress.step('the data is whole; stopping what runs')
  await remove(paths, { purge: false }, context)
  signal.throwIfAborted()
  const aside = beginSwap(paths, join(staging, 'nodes'))
  finishSwap(paths)
  progress.step('the data is in its place')
  await apply(paths, topology, password, context)
  await verify(paths, topology, loaded, aside)
  return { manifest: loaded.manifest, keys: loaded.keys, aside }
}

interface Loaded {
  readonly manifest: BackupManifest
  readonly keys: number
  /** On the disk of one node. */
  readonly bytes: number
}

function hasAnyData({ stateDir }: LocalPaths): boolean {
  const nodes = join(stateDir, 'nodes')
  // More than any spec allows.
  return (
    existsSync(nodes) && Array.from({ length: 16 }).some((_, index) => hasData(nodePaths(stateDir, index)))
  )
}

/** Everything that a restore needs on the disk, and nothing of it where a node would look for it. */
async function stage(
  paths: LocalPaths,
  { file, staging, topology }: { file: string; staging: string; topology: Topology },
  context: TargetContext,
): Promise<Loaded> {
  const { progress, signal } = context
  const nodes = join(staging, 'nodes')
  const data = join(nodes, '0', 'data')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const rdb = join(data, 'backup.rdb')
  rmSync(paths.log('restore'), { force: true })
  const output = openSync(rdb, 'wx', 0o600)
  let manifest: BackupManifest
  try {
    manifest = await readFileWhole(file, signal, (piece) => {
      for (let written = 0; written < piece.length;) written += writeSync(output, piece, written)
    })
  } finally {
    closeSync(output)
  }
  progress.waiting('the data to be loaded and checked')
  const databases = Math.max(manifest.databases, topology.redis.databases) + 1
  const common = {
    deployment: paths.stateDir,
    directory: data,
    logFile: paths.log('restore'),
    databases,
    signal,
  }
  const first = await startScratch({ ...common, appendOnly: false })
  let digest: string
  let keys: number
  try {
    await first.redis.select(manifest.databases)
    await first.redis.flushdb()
    await checkFits(first.redis, topology)
    keys = await countKeys(first.redis)
    digest = await digestOf(first.redis)
    await writeAppendOnlyFile(first, signal)
  } finally {
    await first.stop()
  }
  rmSync(rdb)
  const second = await startScratch({ ...common, appendOnly: true })
  try {
    if ((await digestOf(second.redis)) !== digest) {
      throw new HoldfastError('RESTORE_FAILED', 'the data differs after it was written for the nodes', {
        hint: 'Nothing was changed. Look at the disk (dmesg), then try again.',
      })
    }
  } finally {
    await second.stop()
  }
  rmSync(join(data, 'scratch.sock'), { force: true })
  writeStagedState(nodes, topology, readHighestPromise(paths))
  return { manifest, keys, bytes: sizeOnDisk(join(data, 'appendonlydir')) ?? 0 }
}

async function writeAppendOnlyFile({ redis, process }: ScratchServer, signal: AbortSignal): Promise<void> {
  await redis.config('SET', 'appendonly', 'yes')
  for (;;) {
    signal.throwIfAborted()
    const info = await redis.info('persistence')
    const says = (field: string, value: string) => new RegExp(`^${field}:${value}\\r?$`, 'm').test(info)
    if (!says('aof_last_bgrewrite_status', 'ok') || !process.alive()) {
      throw new HoldfastError('RESTORE_FAILED', 'redis-server cannot write the data for the nodes', {
        hint: 'Nothing was changed. Is the disk full (df -h)? ./holdfast logs restore says more.',
      })
    }
    if (
      says('aof_enabled', '1') &&
      says('aof_rewrite_in_progress', '0') &&
      says('aof_rewrite_scheduled', '0')
    ) {
      return
    }
    await delay(pollMs)
  }
}

/** Also that clients of this deployment could reach all of it. */
async function checkFits(redis: Redis, { redis: settings }: Topology): Promise<void> {
  const beyond = (await keyspace(redis)).filter(({ db }) => db >= settings.databases)
  if (beyond.length > 0) {
    const names = beyond.map(({ db }) => String(db)).join(', ')
    throw misfit(
      `it has keys in database ${names}; this deployment has 0 to ${String(settings.databases - 1)}`,
    )
  }
  const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? 0)
  if (settings.maxmemoryBytes > 0 && used > settings.maxmemoryBytes) {
    const mebibytes = (bytes: number) => `${String(Math.ceil(bytes / 2 ** 20))} MB`
    throw misfit(
      `it takes ${mebibytes(used)} of memory; redis.maxmemory is ${mebibytes(settings.maxmemoryBytes)}`,
    )
  }
}

function misfit(why: string): HoldfastError {
  return new HoldfastError('RESTORE_FAILED', `the backup does not fit: ${why}`, {
    exitCode: 2,
    hint: 'Nothing was changed. Change the spec (docs/spec.md), then restore again.',
  })
}

async function keyspace(redis: Redis): Promise<{ readonly db: number; readonly keys: number }[]> {
  const info = await redis.info('keyspace')
  return [...info.matchAll(/^db(\d+):keys=(\d+)/gm)].map(([, db, keys]) => ({
    db: Number(db),
    keys: Number(keys),
  }))
}

async function countKeys(redis: Redis): Promise<number> {
  return (await keyspace(redis)).reduce((sum, { keys }) => sum + keys, 0)
}

async function digestOf(redis: Redis): Promise<string> {
  return String(await redis.call('DEBUG', 'DIGEST'))
}

/** What redis-0 says it loaded when it started; every other node is in sync with it by now. */
async function verify(
  { stateDir, ...paths }: LocalPaths,
  topology: Topology,
  { keys }: Loaded,
  aside: string | null,
): Promise<void> {
  const node = topology.nodes[0]
  if (node === undefined) return
  const { internal } = requireSecrets({ stateDir, ...paths })
  const redis = controlConnection({ host: node.address, port: node.redisPort, internalSecret: internal })
  try {
    const connectBy = performance.now() + 5000
    while (redis.status !== 'ready' && performance.now() < connectBy) await delay(pollMs)
    const info = await redis.info('persistence')
    const said = Number(/^rdb_last_load_keys_loaded:(\d+)/m.exec(info)?.[1] ?? -1)
    if (said === keys) return
    const back = aside === null ? '' : ` The data from before is in ${aside}.`
    throw new HoldfastError(
      'RESTORE_FAILED',
      `${node.name} loaded ${String(said)} keys of ${String(keys)}.${back}`,
      { hint: './holdfast logs redis-0' },
    )
  } finally {
    redis.disconnect()
  }
}

/** What an append-only file and the logs grow by meanwhile, too. */
const spareBytes = 64 * 2 ** 20

function requireRoom({ stateDir }: LocalPaths, bytes: number): void {
  const { bavail, bsize } = statfsSync(stateDir)
  if (bavail * bsize >= bytes + spareBytes) return
  const mebibytes = (amount: number) => String(Math.ceil(amount / 2 ** 20))
  const numbers = `${mebibytes(bytes + spareBytes)} MB are needed, ${mebibytes(bavail * bsize)} MB are free`
  throw new HoldfastError('DISK_FULL', `the disk of ${stateDir} has too little room: ${numbers}`, {
    hint: `Nothing was changed. df -h ${stateDir}; free some space, then restore again.`,
  })
}

async function clearStaging(paths: LocalPaths, staging: string): Promise<void> {
  const left = findManaged(paths.stateDir).filter(({ component }) => component === scratchComponent)
  await Promise.all(left.map((process) => process.stop({ graceMs: 0 })))
  rmSync(staging, { recursive: true, force: true })
}

function wouldOverwrite({ stateDir }: LocalPaths, file: string): HoldfastError {
  return new HoldfastError(
    'WOULD_OVERWRITE',
    `there is data in ${stateDir} already, which this would replace`,
    {
      exitCode: 2,
      hint: `If that is meant: ./holdfast restore ${file} --overwrite. Was a restore interrupted? ./holdfast up goes on.`,
    },
  )
}
