import { closeSync, constants, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { writeBackup } from '../../backup/format.ts'
import type { BackupManifest } from '../../backup/manifest.ts'
import { openReplicaSnapshot, type ReplicaSnapshot } from '../../backup/replica-stream.ts'
import { HoldfastError } from '../../errors.ts'
import { syncDirectory } from '../../platform/files.ts'
import type { BackupRequest, BackupResult, TargetContext } from '../target.ts'
import { setMark } from './in-sync-mark.ts'
import type { LocalPaths } from './paths.ts'
import { requireSecrets, requireTopology } from './state-files.ts'

const inSyncWithinMs = 10_000
const progressEveryBytes = 64 * 2 ** 20

/**
 * Writes what a replica holds into one file, which is there whole or not at all; see Target.backup. The primary is asked for one
 * small write, and does nothing else.
 */
export async function backup(
  paths: LocalPaths,
  { file, overwrite, spec, holdfast }: BackupRequest,
  context: TargetContext,
): Promise<BackupResult> {
  const topology = requireTopology(paths)
  const secrets = requireSecrets(paths)
  if (!overwrite && existsSync(file)) throw exists(file)
  const created = new Date().toISOString()
  context.progress.waiting('a replica that has everything')
  const mark = await setMark(topology, secrets, context.signal, failed)
  let last: unknown
  for (const node of mark.members) {
    context.signal.throwIfAborted()
    try {
      const snapshot = await openReplicaSnapshot({
        name: node.name,
        host: node.address,
        port: node.redisPort,
        internalSecret: secrets.internal,
        markersDb: topology.redis.markersDb,
        atLeast: mark.record,
        withinMs: inSyncWithinMs,
        signal: context.signal,
      })
      const manifest: BackupManifest = {
        created,
        deployment: topology.name,
        holdfast,
        server: snapshot.server,
        node: node.name,
        epoch: mark.record.epoch,
        commits: mark.record.commits,
        databases: topology.redis.databases,
        spec,
      }
      const bytes = await save(file, { manifest, snapshot, overwrite }, context)
      return { file, bytes, manifest }
    } catch (error) {
      // Another replica has the same.
      if (!(error instanceof HoldfastError) || error.code !== 'BACKUP_FAILED') throw error
      last = error
      context.progress.step(error.message)
    }
  }
  throw last
}

/** Beside the file under another name, until it is whole and on the disk. @returns its size */
async function save(
  file: string,
  {
    manifest,
    snapshot,
    overwrite,
  }: {
    readonly manifest: BackupManifest
    readonly snapshot: ReplicaSnapshot
    readonly overwrite: boolean
  },
  { progress, signal }: TargetContext,
): Promise<number> {
  const partial = join(dirname(file), `.${basename(file)}.${String(process.pid)}.partial`)
  try {
    const output = openSync(partial, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
    let bytes = 0
    let told = 0
    try {
      for await (const piece of writeBackup(manifest, snapshot.data)) {
        signal.throwIfAborted()
        for (let written = 0; written < piece.length;) written += writeSync(output, piece, written)
        bytes += piece.length
        if (bytes - told > progressEveryBytes) {
          told = bytes
          progress.waiting(`${manifest.node} to send its data: ${String(Math.floor(bytes / 2 ** 20))} MB`)
        }
      }
      fsyncSync(output)
    } finally {
      closeSync(output)
    }
    signal.throwIfAborted()
    if (!overwrite && existsSync(file)) throw exists(file)
    renameSync(partial, file)
    syncDirectory(dirname(file))
    return bytes
  } catch (error) {
    snapshot.close()
    rmSync(partial, { force: true })
    throw writeError(error, file)
  }
}

function exists(file: string): HoldfastError {
  return new HoldfastError('WOULD_OVERWRITE', `${file} exists already`, {
    exitCode: 2,
    hint: 'Name another file, or a directory (then each backup gets a name of its own); --overwrite replaces it.',
  })
}

function failed(why: string): HoldfastError {
  return new HoldfastError('BACKUP_FAILED', why, {
    hint: './holdfast status shows what runs; then take the backup again.',
  })
}

function writeError(error: unknown, file: string): unknown {
  const code = error instanceof HoldfastError ? undefined : (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HoldfastError('DISK_FULL', `the disk is full: ${file} was not written`, {
      hint: `df -h ${dirname(file)}; free some space or name another disk, then take the backup again.`,
      cause: error,
    })
  }
  if (code === undefined || (error as NodeJS.ErrnoException).syscall === undefined) return error
  return new HoldfastError('USAGE', `${file} cannot be written: ${(error as Error).message}`, {
    exitCode: 2,
    hint: `It must be in a directory that is there and may be written: ls -ld ${dirname(file)}`,
    cause: error,
  })
}
