import { encodeCommand } from '../resp/encode.ts'
import { Request } from '../resp/request.ts'
import { Command } from './command.ts'
import { CommandQueue } from './command-queue.ts'
import { fillShare } from './fill.ts'
import type { Hub } from './hub.ts'
import { lossesTogether } from './losses.ts'
import type { Pool } from './pool.ts'
import { routeOf } from './routes.ts'
import type { Flush, Share, ShareOwner } from './share.ts'
import { noAuth } from './stranger.ts'

const retryMs = 20

/** A command as the gateway words it. @param args latin1 texts */
export function wordedCommand(args: readonly string[], nowMs: number): Command {
  const bytes = encodeCommand(args, 'latin1')
  // a request has its name in upper case, however the client wrote it
  const name = (args[0] ?? '').toUpperCase()
  const request = new Request(bytes, 0, bytes.length, name, args.length, null)
  return new Command(request, nowMs)
}

export interface AttemptPools {
  /** Of the session's user. */
  readonly own: Pool
  /** Of the gateway's own user: where a batch may not run as the session's. */
  readonly elevated: () => Pool
}

/** One command of the gateway's wording on the lanes, in RESP2, run as often as a session's would be: a write exactly once. */
export class Attempt implements ShareOwner {
  private readonly hub: Hub
  private readonly command: Command
  private readonly pools: AttemptPools
  private readonly done: (answer: Buffer) => void
  private readonly queue: CommandQueue
  private share: Share | null = null
  private over = false

  constructor(hub: Hub, command: Command, pools: AttemptPools, done: (answer: Buffer) => void) {
    this.hub = hub
    this.command = command
    this.pools = pools
    this.done = done
    this.queue = new CommandQueue(hub.traffic)
    this.queue.push(command)
    this.enlist()
  }

  /** It may have run, and its outcome is not known. */
  get sent(): boolean {
    return this.share !== null
  }

  cancel(): void {
    this.over = true
    this.queue.clear()
    if (this.share !== null) this.share.cancelled = true
  }

  fill(flush: Flush, batching: boolean, elevated: boolean): void {
    if (this.over || this.share !== null) return
    const { hub, queue } = this
    this.share = fillShare(this, queue, flush, {
      batching,
      elevated,
      most: 1,
      delivery: hub.delivery,
      protocol: 2,
      mayShare: (command) => {
        Object.assign(command, routeOf(command.request, hub.commands()))
        return true
      },
    })
    if (this.share === null) this.later()
  }

  get suspect(): boolean {
    return this.command.losses >= lossesTogether
  }

  stranger(): void {
    if (this.over || this.share !== null) return
    this.over = true
    this.queue.clear()
    this.done(noAuth)
  }

  settled(share: Share): void {
    if (this.share !== share) return
    this.share = null
    if (this.over) return
    if (share.settled === 0) {
      this.queue.putBack(share.commands)
      this.later()
      return
    }
    this.over = true
    this.done(Buffer.concat(share.pieces))
  }

  private enlist(): void {
    const { command } = this
    const { own, elevated } = this.pools
    const pool = command.approved || own.indirect ? elevated() : own
    if (pool !== own) command.approved = true
    // nobody may keep a marker: it goes as it is, once
    if (pool !== own && pool.indirect) command.direct = true
    ;(command.direct ? own : pool).enlist(this)
  }

  private later(): void {
    setTimeout(() => {
      if (!this.over) this.enlist()
    }, retryMs)
  }
}
