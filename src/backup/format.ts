/**
 * A backup in one file, written and read from front to back:
 *
 *     HOLDFAST-BACKUP 1\n       the format's version
 *     length, manifest          JSON
 *     length, data              any number of times: an RDB file, as a replica gives it to another
 *     0
 *     bytes of data             8 bytes
 *     SHA-256                   of everything before it
 *
 * Lengths are 4 bytes, numbers are big-endian. Nothing follows.
 */
import { createHash } from 'node:crypto'
import { invalidBackup } from './invalid.ts'
import { parseManifest, type BackupManifest } from './manifest.ts'

const magic = 'HOLDFAST-BACKUP '
const formatVersion = 1
const header = Buffer.from(`${magic}${String(formatVersion)}\n`)
const manifestLimitBytes = 4 * 2 ** 20
const pieceLimitBytes = 2 ** 20
const hashBytes = 32

/** The bytes of a backup. What is thrown by `data` ends it. */
export async function* writeBackup(
  manifest: BackupManifest,
  data: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  const hashed = (bytes: Buffer) => {
    hash.update(bytes)
    return bytes
  }
  const text = Buffer.from(JSON.stringify(manifest))
  yield hashed(Buffer.concat([header, length(text.length), text]))
  let total = 0n
  for await (const chunk of data) {
    for (let from = 0; from < chunk.length; from += pieceLimitBytes) {
      const piece = chunk.subarray(from, from + pieceLimitBytes)
      total += BigInt(piece.length)
      yield hashed(length(piece.length))
      yield hashed(piece)
    }
  }
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(total)
  yield hashed(Buffer.concat([length(0), size]))
  yield hash.digest()
}

function length(bytes: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(bytes)
  return buffer
}

/**
 * Reads a backup to its end. Only when this returns is what `onData` was handed known to be whole.
 *
 * @param file how to name it in errors
 * @throws HoldfastError BACKUP_INVALID: no backup, of a newer version, cut off, damaged
 */
export async function readBackup(
  source: AsyncIterable<Buffer>,
  file: string,
  onData: (piece: Buffer) => Promise<void> | void = () => undefined,
): Promise<BackupManifest> {
  const reader = hashingReader(source, file)
  await readHeader(reader, file)
  const manifestBytes = (await reader.take(4)).readUInt32BE()
  if (manifestBytes > manifestLimitBytes) throw invalidBackup(file, 'its manifest is damaged')
  const text = await reader.take(manifestBytes)
  let total = 0n
  for (;;) {
    const pieceBytes = (await reader.take(4)).readUInt32BE()
    if (pieceBytes === 0) break
    if (pieceBytes > pieceLimitBytes) throw invalidBackup(file, 'its data is damaged')
    total += BigInt(pieceBytes)
    await onData(await reader.take(pieceBytes))
  }
  const size = (await reader.take(8)).readBigUInt64BE()
  const digest = reader.digest()
  if (!digest.equals(await reader.take(hashBytes)) || size !== total) {
    throw invalidBackup(file, 'its checksum is wrong: it was damaged after it was written')
  }
  if (!(await reader.ended())) throw invalidBackup(file, 'it goes on after its end')
  return parseManifest(text.toString(), file)
}

async function readHeader(reader: HashingReader, file: string): Promise<void> {
  const start = await reader.upTo(magic.length)
  if (start.length > 0 && start.length < magic.length && magic.startsWith(start.toString('latin1'))) {
    throw cutOff(file)
  }
  if (start.toString('latin1') !== magic) {
    const isRdb = /^(REDIS|VALKEY)\d/.test(start.toString('latin1'))
    const what = isRdb ? 'an RDB file of Redis itself' : start.length === 0 ? 'empty' : 'something else'
    throw invalidBackup(file, `it is no backup of Holdfast but ${what}`)
  }
  let digits = ''
  for (let next = await reader.take(1); next[0] !== 0x0a; next = await reader.take(1)) {
    digits += next.toString('latin1')
    if (!/^\d{1,6}$/.test(digits)) throw invalidBackup(file, 'its first line is damaged')
  }
  const version = Number(digits)
  if (version > formatVersion) {
    const versions = `its format is version ${digits}; this release reads ${String(formatVersion)}`
    throw invalidBackup(file, `it was written by a newer release of Holdfast (${versions})`)
  }
  if (version !== formatVersion) throw invalidBackup(file, 'its first line is damaged')
}

interface HashingReader {
  /** Exactly that many bytes. */
  take(bytes: number): Promise<Buffer>
  /** Fewer at the end of the file. */
  upTo(bytes: number): Promise<Buffer>
  /** Of everything taken so far. */
  digest(): Buffer
  ended(): Promise<boolean>
}

function hashingReader(source: AsyncIterable<Buffer>, file: string): HashingReader {
  const chunks = source[Symbol.asyncIterator]()
  const hash = createHash('sha256')
  let held: Buffer = Buffer.alloc(0)

  const fill = async (bytes: number) => {
    const parts = [held]
    let have = held.length
    while (have < bytes) {
      const next = await chunks.next()
      if (next.done === true) break
      parts.push(next.value)
      have += next.value.length
    }
    held = parts.length === 1 ? held : Buffer.concat(parts)
  }
  const upTo = async (bytes: number) => {
    await fill(bytes)
    const taken = held.subarray(0, bytes)
    held = held.subarray(taken.length)
    hash.update(taken)
    return taken
  }
  return {
    upTo,
    take: async (bytes) => {
      const taken = await upTo(bytes)
      if (taken.length < bytes) throw cutOff(file)
      return taken
    },
    digest: () => hash.copy().digest(),
    ended: async () => {
      await fill(1)
      return held.length === 0
    },
  }
}

function cutOff(file: string) {
  return invalidBackup(file, 'it ends in the middle: it was cut off')
}
