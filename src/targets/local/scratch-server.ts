import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { serverBinary } from '../../agent/servers.ts'
import { HoldfastError } from '../../errors.ts'
import { lastLines } from '../../platform/files.ts'
import { spawnManaged, type ManagedProcess } from '../../platform/managed-process.ts'
import { socketPath } from '../../platform/socket-path.ts'

export const scratchComponent = 'restore'
const pollMs = 20
const stopGraceMs = 10_000
/** Of DEBUG DIGEST over much data. */
const replyWithinMs = 3_600_000

/**
 * A redis-server that only loads a file: without a port, behind a socket in a private directory. It is a replica of nobody, so
 * that keys whose time is over are neither left out nor removed.
 */
export interface ScratchServer {
  readonly redis: Redis
  readonly process: ManagedProcess
  /** Orderly; its append-only file, if it has one, is on the disk. */
  stop(): Promise<void>
}

/**
 * @param directory where its files are; `backup.rdb`, or an `appendonlydir` with `appendOnly`
 * @throws HoldfastError RESTORE_FAILED with its own words, when it cannot load them
 */
export async function startScratch(options: {
  readonly deployment: string
  readonly directory: string
  readonly logFile: string
  readonly databases: number
  readonly appendOnly: boolean
  readonly signal: AbortSignal
}): Promise<ScratchServer> {
  const { directory, signal } = options
  const socket = join(directory, 'scratch.sock')
  const process = await spawnManaged({
    component: scratchComponent,
    deployment: options.deployment,
    argv: [
      serverBinary(),
      ...['--port', '0', '--unixsocket', 'scratch.sock', '--unixsocketperm', '700', '--dir', '.'],
      ...['--dbfilename', 'backup.rdb', '--save', '', '--appendonly', options.appendOnly ? 'yes' : 'no'],
      ...[
        '--databases',
        String(options.databases),
        '--replicaof',
        '127.0.0.1 1',
        '--replica-read-only',
        'no',
      ],
      ...['--enable-debug-command', 'local', '--set-proc-title', 'no', '--logfile', ''],
    ],
    env: { LANG: 'C.UTF-8' },
    cwd: directory,
    logFile: options.logFile,
    umask: 0o077,
  })
  const redis = new Redis({
    path: socketPath(socket),
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    commandTimeout: replyWithinMs,
  })
  redis.on('error', () => undefined)
  const stop = async () => {
    redis.disconnect()
    await process.stop({ graceMs: stopGraceMs })
  }
  try {
    for (;;) {
      signal.throwIfAborted()
      if (!process.alive()) throw loadFailed(options.logFile)
      if (redis.status !== 'ready' && existsSync(socket)) await redis.connect().catch(() => undefined)
      const info = await redis.info('persistence').catch(() => '')
      if (/^loading:0\r?$/m.test(info)) return { redis, process, stop }
      await delay(pollMs)
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function loadFailed(logFile: string): HoldfastError {
  const tail = lastLines(logFile, 6)
    .map((line) => `\n    ${line}`)
    .join('')
  const isNewer = lastLines(logFile, 30).some((line) => line.includes("Can't handle RDB format version"))
  const why = isNewer
    ? 'the data was written by a newer Redis than is installed here'
    : 'redis-server does not load the data'
  return new HoldfastError('RESTORE_FAILED', `${why}. Its last lines:${tail}`, {
    exitCode: 2,
    hint: isNewer
      ? 'Nothing was changed. Install a Redis that is as new: ./holdfast restore FILE --check says which it was.'
      : 'Nothing was changed. Try another backup.',
  })
}
