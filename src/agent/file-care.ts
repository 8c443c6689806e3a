import { statfsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../platform/log.ts'
import { filesOnDisk, findHole } from './append-only-file.ts'
import type { FilesOnDisk } from './append-only-file.ts'
import type { AgentState } from './api.ts'
import type { InspectedRedis, RedisLink } from './redis-link.ts'

/**
 * Has an append-only file written anew after a full disk: what `findHole` describes may be in it, and redis-server would not
 * start with it. As long as the process lives nothing is lost, and while the disk is full nothing can be done.
 */
export interface FileCare {
  /** What `look` is to be told: read before redis-server is asked. */
  before(): FilesOnDisk | null
  /** At every look at redis-server. Never throws. */
  look(redis: InspectedRedis, before: FilesOnDisk | null): Promise<void>
  /** Before an orderly stop: until the file is whole again, or nothing can be done about it now. */
  settle(withinMs: number): Promise<void>
  problem(): AgentState['problems'][number] | null
}

export interface FileCareOptions {
  readonly node: string
  /** `appendonlydir` */
  readonly directory: string
  readonly redis: Pick<RedisLink, 'inspect' | 'rewriteFile'>
  readonly log: Logger
  readonly now: () => number
  /** Reads all of it; tests count how often. Default: findHole. */
  readonly find?: typeof findHole
}

/** A rewrite that finds too little room would fill the disk itself. */
const spareBytes = 16 * 2 ** 20
const againAfterMs = 5000
const lookEveryMs = 50

type State =
  | { readonly kind: 'whole' }
  /** Of the server with this run_id: the next one has read the file from end to end. */
  | { readonly kind: 'suspect'; readonly run: string; readonly notBeforeMs: number }
  | { readonly kind: 'rewriting'; readonly run: string }

export function createFileCare(options: FileCareOptions): FileCare {
  const { node, directory, redis, log, now, find = findHole } = options
  let state: State = { kind: 'whole' }
  let lacksBytes = 0
  let scanned = { of: '', bytes: 0 }
  let scanning = false
  const isWhole = () => state.kind === 'whole'

  const suspect = (run: string, notBeforeMs = 0) => {
    if (state.kind === 'whole') log.warn('a full disk may have left a hole in the append-only file')
    state = { kind: 'suspect', run, notBeforeMs }
  }

  const rewrite = async ({ runId, fileBytes }: InspectedRedis) => {
    try {
      lacksBytes = Math.max(0, fileBytes + spareBytes - freeBytes(directory))
      if (lacksBytes > 0) return
      await redis.rewriteFile()
      state = { kind: 'rewriting', run: runId }
      log.info('has the append-only file written anew')
    } catch (error) {
      suspect(runId, now() + againAfterMs)
      log.warn({ why: (error as Error).message }, 'the append-only file is not written anew')
    }
  }

  /**
   * More on the disk than was written: a hole that nobody saw come, or bytes that redis-server did not count. The same excess in
   * the same files was looked at: under load, when more is written before redis-server says how much, it seems to be gone and
   * is back in the next moment, and each look reads the whole file.
   */
  const scan = async (run: string, names: string, bytes: number) => {
    const of = `${run} ${names}`
    if (scanned.of !== of) scanned = { of, bytes: 0 }
    if (scanning || bytes <= scanned.bytes) return
    scanning = true
    scanned = { of, bytes }
    try {
      if ((await find(directory)) !== null && isWhole()) suspect(run)
    } catch {
      // A rewrite took a file away: the next one has no hole.
    }
    scanning = false
  }

  const look = async (own: InspectedRedis, before: FilesOnDisk | null) => {
    if (!own.up || own.loading) return
    if (state.kind !== 'whole' && state.run !== own.runId) state = { kind: 'whole' }
    // Also while it is being written anew: what comes meanwhile goes to a new file, which can get a hole too.
    if (own.diskFails) suspect(own.runId)
    else if (state.kind === 'whole' && before !== null && !own.rewriting)
      void scan(own.runId, before.names, before.bytes - own.fileBytes)
    // While writes fail, what waits to be written would stand in the new base file and once more behind it.
    if (own.diskFails || own.rewriting || own.syncing) return
    if (state.kind === 'suspect' && now() >= state.notBeforeMs) await rewrite(own)
    else if (state.kind === 'rewriting') {
      if (own.rewriteFailed) suspect(own.runId, now() + againAfterMs)
      else state = { kind: 'whole' }
      log.info({ whole: isWhole() }, 'the rewrite of the append-only file has ended')
    }
  }

  return {
    before: () => filesOnDisk(directory),
    look,
    settle: async (withinMs) => {
      const deadline = now() + withinMs
      while (!isWhole() && now() < deadline) {
        const before = filesOnDisk(directory)
        const own = await redis.inspect()
        if (!own.up || own.diskFails) return
        await look(own, before)
        if (lacksBytes > 0) return
        await delay(lookEveryMs)
      }
    },
    problem: () => {
      if (isWhole()) return null
      const lacks = lacksBytes > 0 ? `${String(Math.ceil(lacksBytes / 2 ** 20))} MB` : null
      return {
        code: 'FILE_SUSPECT',
        message:
          `${node}: its disk was full, and that may have left a hole in its append-only file (${directory}). ` +
          (lacks === null ? 'It is being written anew.' : `To write it anew, ${lacks} more have to be free.`),
        hint:
          lacks === null
            ? 'It goes on by itself. Do not stop this node before: it might not be able to read its file.'
            : 'Free disk space (df -h shows it); it goes on by itself.',
      }
    },
  }
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}
