import { connect, type Socket } from 'node:net'
import { HoldfastError } from '../errors.ts'
import { compareEpochs, parseRecord, recordFields, recordKey, type InSyncRecord } from '../insync/record.ts'

/** Commands in Redis' inline notation; nothing that is sent holds a space, a quote or a line break. */
const line = (...words: readonly string[]) => `${words.join(' ')}\r\n`

const silentMs = 30_000
const markBytes = 40
/** Between two looks whether the replica has what it must have. */
const pollMs = 10

export interface ReplicaOptions {
  /** `redis-1`, for errors. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly internalSecret: string
  readonly markersDb: number
  /** What it must have before its data is taken. */
  readonly atLeast: Pick<InSyncRecord, 'epoch' | 'commits'>
  readonly withinMs: number
  readonly signal: AbortSignal
}

export interface ReplicaSnapshot {
  readonly server: { readonly name: string; readonly version: string }
  /** An RDB file, while it comes. Throws when it does not come to its end. */
  readonly data: AsyncIterable<Buffer>
  close(): void
}

/**
 * Takes a consistent copy of a replica's data as another replica would, without its stream of changes: the replica forks, and
 * sends the file as its child writes it; nothing is written on its disk, and its primary knows nothing of it.
 *
 * That it has what it must have is seen on the very connection that the data comes over: it is the same process, and a process
 * that runs never loses what was answered.
 *
 * @throws HoldfastError BACKUP_FAILED
 */
export async function openReplicaSnapshot(options: ReplicaOptions): Promise<ReplicaSnapshot> {
  const { signal } = options
  const socket = connect({ host: options.host, port: options.port, noDelay: true })
  const close = () => {
    socket.destroy()
    signal.removeEventListener('abort', close)
  }
  signal.addEventListener('abort', close, { once: true })
  socket.setTimeout(silentMs, () => {
    socket.destroy(new Error(`it was silent for ${String(silentMs / 1000)} s`))
  })
  const replies = readerOf(socket)
  try {
    socket.write(line('AUTH', 'holdfast', options.internalSecret))
    await expectOk(replies)
    socket.write(line('SELECT', String(options.markersDb)))
    await expectOk(replies)
    await untilItHas(socket, replies, options)
    socket.write(line('INFO', 'server'))
    const server = serverOf((await replies.bulk()) ?? '')
    socket.write(line('REPLCONF', 'capa', 'eof'))
    await expectOk(replies)
    socket.write(line('REPLCONF', 'rdb-only', '1'))
    await expectOk(replies)
    socket.write(line('SYNC'))
    const data = payload(replies)
    return { server, data: failingAs(data, options, close), close }
  } catch (error) {
    close()
    throw explain(error, options)
  }
}

async function* failingAs(
  data: AsyncIterable<Buffer>,
  options: ReplicaOptions,
  close: () => void,
): AsyncGenerator<Buffer> {
  try {
    yield* data
  } catch (error) {
    throw explain(error, options)
  } finally {
    close()
  }
}

function explain(error: unknown, { name, signal }: ReplicaOptions): unknown {
  signal.throwIfAborted()
  return new HoldfastError('BACKUP_FAILED', `${name} did not give its data: ${(error as Error).message}`, {
    hint: 'See ./holdfast status, then take the backup again.',
  })
}

async function untilItHas(socket: Socket, replies: Replies, options: ReplicaOptions): Promise<void> {
  const { atLeast } = options
  const deadline = performance.now() + options.withinMs
  for (;;) {
    socket.write(line('HMGET', recordKey, ...recordFields))
    const record = parseRecord(await replies.array())
    if (record !== null) {
      const order = compareEpochs(record.epoch, atLeast.epoch)
      if (order > 0 || (order === 0 && record.commits >= atLeast.commits)) return
    }
    if (performance.now() > deadline) throw new Error('it is not in sync')
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

async function expectOk(replies: Replies): Promise<void> {
  const reply = await replies.line()
  if (reply !== '+OK') throw new Error(reply)
}

/** An RDB file of unknown length, ended by a mark that was announced, or one of a length that was. */
async function* payload(replies: Replies): AsyncGenerator<Buffer> {
  let head = await replies.line()
  // Empty lines: it is not ready yet, and lives.
  while (head === '') head = await replies.line()
  const announced = /^\$(?:EOF:(\S{40})|(\d+))$/.exec(head)
  if (announced === null) throw new Error(head.slice(0, 200))
  const [, mark, length] = announced
  if (mark === undefined) yield* replies.exactly(Number(length))
  else yield* replies.untilMark(Buffer.from(mark, 'latin1'))
}

function serverOf(info: string): { name: string; version: string } {
  const value = (field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1]
  const valkey = value('valkey_version')
  return valkey === undefined
    ? { name: 'redis', version: value('redis_version') ?? '' }
    : { name: 'valkey', version: valkey }
}

interface Replies {
  /** Without its CRLF (or LF, as a replica is kept waiting with). */
  line(): Promise<string>
  bulk(): Promise<string | null>
  array(): Promise<(string | null)[]>
  exactly(bytes: number): AsyncGenerator<Buffer>
  untilMark(mark: Buffer): AsyncGenerator<Buffer>
}

function readerOf(socket: Socket): Replies {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let held: Buffer = Buffer.alloc(0)

  const next = async (): Promise<Buffer> => {
    const chunk = await chunks.next()
    if (chunk.done === true) throw new Error('it closed the connection')
    return chunk.value
  }
  const more = async () => {
    held = Buffer.concat([held, await next()])
  }
  const readLine = async () => {
    let end: number
    while ((end = held.indexOf(0x0a)) === -1) await more()
    const text = held.subarray(0, end).toString('latin1').replace(/\r$/, '')
    held = held.subarray(end + 1)
    return text
  }
  const readBulk = async () => {
    const head = await readLine()
    const length = /^\$(-?\d+)$/.exec(head)?.[1]
    if (length === undefined) throw new Error(head)
    if (length === '-1') return null
    const bytes = Number(length)
    while (held.length < bytes + 2) await more()
    const text = held.subarray(0, bytes).toString('latin1')
    held = held.subarray(bytes + 2)
    return text
  }

  return {
    line: readLine,
    bulk: readBulk,
    array: async () => {
      const head = await readLine()
      const length = /^\*(\d+)$/.exec(head)?.[1]
      if (length === undefined) throw new Error(head)
      const values: (string | null)[] = []
      for (let left = Number(length); left > 0; left -= 1) values.push(await readBulk())
      return values
    },
    exactly: async function* (bytes) {
      let left = bytes
      while (left > 0) {
        const piece = held.length > 0 ? held : await next()
        yield piece.subarray(0, left)
        left -= Math.min(left, piece.length)
        held = Buffer.alloc(0)
      }
    },
    untilMark: async function* (mark) {
      // The mark comes last of all: what may be it is held back until more comes.
      for (;;) {
        const last = held.length - markBytes
        if (last >= 0 && held.subarray(last).equals(mark)) {
          if (last > 0) yield held.subarray(0, last)
          return
        }
        if (last > 0) {
          yield held.subarray(0, last)
          held = held.subarray(last)
        }
        await more()
      }
    },
  }
}
