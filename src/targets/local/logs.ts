import { existsSync, openSync, closeSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { lastLines } from '../../platform/files.ts'
import { HoldfastError } from '../../errors.ts'
import type { LocalPaths } from './paths.ts'

const shownLines = 200
const pollMs = 200

/** The last lines of one log, or of all (then each begins with `component | `); with `follow` also what comes. */
export async function* tailLogs(
  paths: LocalPaths,
  component: string | undefined,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  if (component !== undefined && !existsSync(paths.log(component))) {
    throw new HoldfastError('NOT_RUNNING', `${component} has no log: ${paths.log(component)}`, {
      hint: './holdfast status',
    })
  }
  const tails = new Map<string, LogTail>()
  for (;;) {
    const files = component === undefined ? logFiles(paths) : [paths.log(component)]
    for (const file of files) {
      const prefix = component === undefined ? `${basename(file, '.log')} | ` : ''
      const known = tails.get(file)
      if (known !== undefined) yield* known.more().map((line) => prefix + line)
      else {
        tails.set(file, new LogTail(file))
        yield* lastLines(file, shownLines).map((line) => prefix + line)
      }
    }
    if (!follow || signal.aborted) return
    await delay(pollMs, undefined, { signal }).catch(() => undefined)
  }
}

function logFiles(paths: LocalPaths): string[] {
  if (!existsSync(paths.logs)) return []
  return readdirSync(paths.logs)
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .map((name) => paths.log(basename(name, '.log')))
}

/** Reads what is appended to a file after it was opened; a file that was emptied by rotation is read from its start. */
class LogTail {
  readonly #path: string
  #position: number
  #rest = ''

  constructor(path: string) {
    this.#path = path
    this.#position = statSync(path).size
  }

  more(): string[] {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
    if (size < this.#position) this.#position = 0
    if (size === this.#position) return []
    const bytes = Buffer.alloc(size - this.#position)
    const file = openSync(this.#path, 'r')
    try {
      this.#position += readSync(file, bytes, 0, bytes.length, this.#position)
    } finally {
      closeSync(file)
    }
    const lines = (this.#rest + bytes.toString()).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }
}
