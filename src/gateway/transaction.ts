import type { Command } from './command.ts'

/** A client's MULTI that is being queued. It lives here, not on the server, so that it outlives every failover. */
export class Transaction {
  commands: Command[] = []
  private bytes = 0
  aborted = false

  /** Something could not be queued: EXEC will say so. */
  abort(): void {
    this.aborted = true
    this.commands = []
  }

  /** @returns false: it has grown too large, and is given up */
  add(command: Command, limitBytes: number): boolean {
    if (this.aborted) return true
    this.bytes += command.request.length
    this.commands.push(command)
    if (this.bytes <= limitBytes) return true
    this.abort()
    return false
  }
}
