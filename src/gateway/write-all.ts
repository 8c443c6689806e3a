import type { Socket } from 'node:net'

/** Several pieces in one system call, in order. */
export function writeAll(socket: Socket, buffers: readonly Buffer[]): void {
  if (buffers.length === 0 || socket.destroyed) return
  if (buffers.length > 1) socket.cork()
  for (const buffer of buffers) if (buffer.length > 0) socket.write(buffer)
  if (buffers.length > 1) socket.uncork()
}
