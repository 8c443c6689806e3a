import type { Command } from './command.ts'
import type { Fifo } from './fifo.ts'

/**
 * Takes commands off the queue for one write. Requests that stand side by side in the bytes that arrived leave as one piece.
 * @param more asked before each command; false stops
 */
export function sendable(
  queue: Fifo<Command>,
  onTaken: (command: Command) => void,
  more: () => boolean,
): { readonly buffers: readonly Buffer[]; readonly bytes: number } {
  const buffers: Buffer[] = []
  let source: Buffer | null = null
  let start = 0
  let end = 0
  let total = 0
  for (let next = queue.peek(); next !== undefined && more(); next = queue.peek()) {
    queue.shift()
    total += next.size
    onTaken(next)
    const { request, bytes } = next
    if (request === null) continue
    if (bytes === null && source === request.bytes && end === request.start) {
      end = request.end
      continue
    }
    if (source !== null) buffers.push(source.subarray(start, end))
    source = bytes ?? request.bytes
    start = bytes === null ? request.start : 0
    end = bytes === null ? request.end : bytes.length
  }
  if (source !== null) buffers.push(source.subarray(start, end))
  return { buffers, bytes: total }
}
