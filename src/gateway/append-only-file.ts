/** What `INFO persistence` says of the append-only file. */
interface AppendOnlyFile {
  readonly enabled: boolean
  /** Bytes handed to the kernel. */
  readonly written: number
  /** Bytes that redis-server still holds back: it does so for as long as an fsync takes, up to two seconds. */
  readonly held: number
}

/**
 * Whether everything that was to be written to the append-only file at the time of `before` has been handed to the
 * kernel by the time of `after`, so that it outlives the process. A rewrite in between starts the count anew: then no.
 * @param before `INFO persistence` or more of the same server, as text
 */
export function isWritten(before: string, after: string): boolean {
  const [first, last] = [read(before), read(after)]
  return !last.enabled || last.held === 0 || (last.written >= first.written + first.held && first.enabled)
}

function read(info: string): AppendOnlyFile {
  return {
    enabled: number(info, 'aof_enabled') === 1,
    written: number(info, 'aof_current_size'),
    held: number(info, 'aof_buffer_length'),
  }
}

function number(info: string, key: string): number {
  const at = info.indexOf(`\n${key}:`)
  return at < 0 ? 0 : Number.parseInt(info.slice(at + key.length + 2, at + key.length + 22), 10)
}
