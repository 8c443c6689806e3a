import type { Command } from './command.ts'
import { Fifo } from './fifo.ts'
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

  /** @param index from the head */
  at(index: number): Command | undefined {
    return this.fifo.at(index)
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
    while (this.shift() !== undefined) continue
  }

  /** Counts what waits beside it: a MULTI that is being queued. */
  keep(bytes: number): void {
    this.count(0, bytes)
  }

  /** Bytes that wait in all sessions together. */
  get ofAll(): number {
    return this.traffic.parkedBytes
  }

  private count(commands: number, bytes: number): void {
    this.bytes += bytes
    this.traffic.parked += commands
    this.traffic.parkedBytes += bytes
  }
}
