import type { Command } from './command.ts'
import { Fifo } from './fifo.ts'
import { sendable } from './send-run.ts'
import type { Traffic } from './traffic.ts'

/** A session's commands that wait to be sent, counted in the traffic of all. */
export class CommandQueue {
  bytes = 0
  private readonly fifo = new Fifo<Command>()
  private readonly traffic: Traffic

  constructor(traffic: Traffic) {
    this.traffic = traffic
  }

  get length(): number {
    return this.fifo.length
  }

  peek(): Command | undefined {
    return this.fifo.peek()
  }

  push(command: Command): void {
    this.fifo.push(command)
    this.count(1, command.size)
  }

  shift(): Command | undefined {
    const command = this.fifo.shift()
    if (command !== undefined) this.count(-1, -command.size)
    return command
  }

  /** Puts commands that were sent in vain before all others, in their order. */
  putBack(commands: readonly Command[]): void {
    this.fifo.unshift(commands)
    for (const command of commands) this.count(1, command.size)
  }

  clear(): void {
    this.fifo.drain()
    this.traffic.parked -= this.counted
    this.traffic.parkedBytes -= this.bytes
    this.counted = 0
    this.bytes = 0
  }

  /** Takes what may be sent now, as few pieces of bytes. @see sendable */
  take(onTaken: (command: Command) => void, more: () => boolean): readonly Buffer[] {
    const before = this.fifo.length
    const { buffers, bytes } = sendable(this.fifo, onTaken, more)
    this.count(this.fifo.length - before, -bytes)
    return buffers
  }

  private counted = 0

  private count(commands: number, bytes: number): void {
    this.counted += commands
    this.bytes += bytes
    this.traffic.parked += commands
    this.traffic.parkedBytes += bytes
  }
}
