import type { Command } from './command.ts'
import type { CommandQueue } from './command-queue.ts'
import type { GatewayLimits } from '../spec/gateway-settings.ts'

/** So much anybody may queue, whatever others do. */
const smallBytes = 65_536

/** A client's MULTI that is being queued. It lives here, not on the server, so that it outlives every failover. */
export class Transaction {
  commands: Command[] = []
  /** Counted as what waits in its session's queue. */
  bytes = 0
  aborted = false
  private readonly queue: CommandQueue

  constructor(queue: CommandQueue) {
    this.queue = queue
  }

  /** Something could not be queued: EXEC will say so. */
  abort(): void {
    this.aborted = true
    this.commands = []
    this.queue.keep(-this.bytes)
    this.bytes = 0
  }

  /** @returns false: it has grown too large, and is given up */
  add(command: Command, limits: GatewayLimits): boolean {
    if (this.aborted) return true
    const { length } = command.request
    this.bytes += length
    this.queue.keep(length)
    this.commands.push(command)
    const crowded = this.bytes > smallBytes && this.queue.ofAll > limits.allParkedBytes
    if (this.bytes <= limits.parkedBytes && !crowded) return true
    this.abort()
    return false
  }
}
