import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { HoldfastError } from '../errors.ts'
import { encodeHistory } from './history.ts'
import type { Operation } from './operation.ts'

export interface HistoryFile {
  write(operations: readonly Operation[]): void
  /** @throws HoldfastError STATE_UNWRITABLE when not all of it could be written */
  close(): Promise<void>
}

/**
 * Written while the run goes on: after a crash of the drill the history is there as far as it came.
 * @throws HoldfastError STATE_UNWRITABLE
 */
export async function openHistory(path: string): Promise<HistoryFile> {
  const unwritable = (cause: unknown): HoldfastError =>
    new HoldfastError('STATE_UNWRITABLE', `the history cannot be written: ${path}`, {
      exitCode: 2,
      cause,
      hint: 'Say where it can: ./holdfast verify --report DIRECTORY',
    })
  try {
    await mkdir(dirname(path), { recursive: true })
    const stream = createWriteStream(path)
    await once(stream, 'open')
    let failure: Error | undefined
    stream.on('error', (error) => (failure = error))
    return {
      write: (operations) => {
        if (failure === undefined) stream.write(encodeHistory(operations))
      },
      close: async () => {
        if (failure === undefined) {
          stream.end()
          await once(stream, 'close')
        }
        if (failure !== undefined) throw unwritable(failure)
      },
    }
  } catch (cause) {
    throw unwritable(cause)
  }
}
