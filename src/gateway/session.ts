import type { Socket } from 'node:net'
import { ClientInput } from './client-input.ts'
import type { Command } from './command.ts'
import { CommandQueue } from './command-queue.ts'
import { classOf } from './classes.ts'
import { fillShare } from './fill.ts'
import type { Hub } from './hub.ts'
import type { Pool } from './pool.ts'
import { lossesTogether } from './losses.ts'
import { Pace } from './pace.ts'
import { SessionState } from './session-state.ts'
import type { Flush, Share, ShareOwner } from './share.ts'
import { withSharedReads } from './shared-reads.ts'
import { Steps, type StepHost } from './steps.ts'
import { noPrimary, uncertain, unconfirmed } from './words.ts'
import { writeAll } from './write-all.ts'

/** A wait longer than this was parking, not a busy moment. */
const parkedFromMs = 50
const retryMs = 20

/**
 * One client's connection. Its commands wait in `queue`; one share of them at a time is under way: on a lane, at the door, or on
 * a connection of the session's own. So they run in order, and are answered in order.
 */
export class Session implements ShareOwner, StepHost {
  readonly id: number
  private readonly hub: Hub
  private readonly client: Socket
  private readonly queue: CommandQueue
  private readonly state = new SessionState()
  private readonly input: ClientInput
  private readonly steps: Steps
  private share: Share | null = null
  private enlisted = false
  /** Something is under way at the door or on the session's own connection. */
  private special: Command | null = null
  private readonly pace = new Pace()
  private out: Buffer[] = []
  /** When something of it was last answered by the primary (ms): a long pipeline is not parked because it is long. */
  private progressMs = 0
  /** The client is not listened to any more: what is under way is finished, then it is closed. */
  private ending = false
  /** The client has sent its last byte. */
  private inputOver = false
  private gone = false

  /** @param accepted by a server with `acceptOptions` */
  constructor(hub: Hub, accepted: Socket) {
    this.hub = hub
    this.id = hub.nextId()
    const client = withSharedReads(accepted, (piece) => {
      this.receive(piece)
    })
    this.client = client
    this.queue = new CommandQueue(hub.traffic)
    this.input = new ClientInput(hub, this.state, this.queue)
    this.steps = new Steps(hub, this, this.queue, this.state)
    client.on('drain', () => {
      this.steps.eachOwn((own) => {
        own.resume()
      })
      this.pump()
    })
    client.on('end', () => {
      this.clientEnded()
    })
    client.on('error', () => {
      this.close()
    })
    client.on('close', () => {
      this.close()
    })
    client.resume()
  }

  // ---- for lanes

  fill(flush: Flush, batching: boolean, elevated: boolean): void {
    this.enlisted = false
    if (this.gone || this.share !== null || this.special !== null) return
    const share = fillShare(this, this.queue, flush, {
      batching,
      elevated,
      most: this.pace.commands,
      delivery: this.hub.delivery,
      protocol: this.state.protocol,
      mayShare: (command) => this.steps.mayShare(command),
    })
    this.share = share
    if (share === null) {
      this.pump()
      return
    }
    if (elevated) share.asksFor = this.state.user
    this.countSent(share.commands)
    this.readMore()
  }

  get suspect(): boolean {
    return (this.queue.peek()?.losses ?? 0) >= lossesTogether
  }

  stranger(): void {
    this.enlisted = false
    this.state.admitted = false
    this.pump()
  }

  settled(share: Share): void {
    if (this.share !== share) return
    this.share = null
    if (this.gone) return
    const { commands, settled, pieces } = share
    let bytes = 0
    for (const piece of pieces) bytes += piece.length
    this.pace.saw(commands.length, bytes)
    writeAll(this.client, pieces)
    if (settled > 0) this.progressMs = this.hub.now()
    if (settled < commands.length) {
      this.queue.putBack(settled === 0 ? commands : commands.slice(settled))
      if (!share.unsent) this.hub.counters.replayed += commands.length - settled
      this.hub.watch()
    }
    if (this.queue.length > 0) this.pump()
    else if (this.input.left || this.input.pendingBytes > 0) this.take()
    else this.endIfDone()
  }

  // ---- for the gateway

  /** Sends what can be sent. Called whenever something that stood in the way may have gone. */
  pump(): void {
    if (this.gone) return
    while (this.share === null && this.special === null && !this.enlisted) {
      if (this.queue.length === 0 && this.input.left && !this.ending) this.input.take(0)
      const command = this.queue.peek()
      if (command === undefined) break
      if (this.client.writableLength > this.hub.limits.answerBytes) break
      if (!this.steps.take(command)) break
    }
    this.flushOut()
    this.readMore()
    this.endIfDone()
  }

  /** Another primary, or none. */
  primaryOver(): void {
    this.steps.eachOwn((own) => {
      own.lost()
    })
  }

  /** A primary is there: what lives on a connection of the session's own is set up again. */
  primaryThere(): void {
    this.steps.eachOwn((own) => {
      own.restore()
    })
    this.pump()
  }

  /** Ends what has waited too long. A connection that owes an answer since `silentSinceMs` is none any more. */
  sweep(nowMs: number, unreachableSinceMs: number | null, silentSinceMs: number): void {
    if (this.gone) return
    this.steps.eachOwn((own) => {
      own.closeSilent(silentSinceMs)
    })
    const limitMs = nowMs - this.hub.holdMs
    const unreachable = unreachableSinceMs !== null && unreachableSinceMs <= limitMs
    const { share } = this
    if (share !== null) {
      const since = share.commands[0]?.sinceMs ?? nowMs
      if (since <= limitMs && (share.answered || unreachable)) this.abandon(share)
    } else if (this.special !== null) {
      if (this.special.sinceMs <= limitMs && unreachable) this.steps.expire(this.special)
    } else if (this.progressMs <= limitMs) this.expireParked(limitMs)
  }

  close(): void {
    if (this.gone) return
    this.gone = true
    if (this.share !== null) this.share.cancelled = true
    this.share = null
    if (this.special !== null && this.special.route !== 'blocking') this.hub.traffic.inFlight--
    this.special = null
    this.queue.clear()
    this.steps.discard()
    this.client.destroy()
    this.steps.release()
    this.hub.closed(this)
  }

  /** Finishes what is under way, then closes. */
  end(): void {
    this.ending = true
    this.client.pause()
    if (this.special?.route === 'blocking') this.giveUpBlocking()
    this.endIfDone()
  }

  /** It waits for an element that may never come; what the client sent behind it has not run either. */
  private giveUpBlocking(): void {
    this.queue.clear()
    if (!this.steps.giveUpBlocking()) return
    this.special = null
  }

  // ---- for what is special

  /** The command that was under way at the door or on the session's own connection is answered. Null: it is to be tried again. */
  specialDone(command: Command, answer: Buffer | readonly Buffer[] | null): void {
    if (this.special !== command) return
    this.special = null
    if (command.route !== 'blocking') this.hub.traffic.inFlight--
    if (this.gone) return
    if (answer === null) {
      this.queue.putBack([command])
      setTimeout(() => {
        this.pump()
      }, retryMs)
      return
    }
    this.progressMs = this.hub.now()
    writeAll(this.client, Buffer.isBuffer(answer) ? [answer] : answer)
    this.take()
  }

  /** What belongs to no command: a message of a subscription. */
  deliver(bytes: Buffer): void {
    if (this.gone) return
    this.client.write(bytes)
    if (this.client.writableLength <= this.hub.limits.answerBytes) return
    this.steps.eachOwn((own) => {
      own.pause()
    })
  }

  stateChanged(): void {
    this.steps.stateChanged()
    this.input.introduced()
  }

  // ---- commands

  private receive(piece: Buffer): void {
    if (this.gone) return
    this.input.push(piece)
    this.take()
  }

  private take(): void {
    if (this.gone) return
    if (!this.ending) this.input.take(this.share?.commands.length ?? 0)
    this.pump()
  }

  /** What has come and was not taken goes first: read on beside it, and it would grow with every command that ends. */
  private readMore(): void {
    if (this.gone || this.ending) return
    const { closed, left } = this.input
    if (closed || left || this.input.full(this.share?.commands.length ?? 0)) this.client.pause()
    else this.client.resume()
  }

  // ---- for the steps

  isUnderWay(command: Command): boolean {
    return this.special === command && !this.gone
  }

  enlist(pool: Pool): false {
    this.enlisted = true
    pool.enlist(this)
    return false
  }

  quit(answer: Buffer): void {
    this.queue.clear()
    this.out.push(answer)
    this.ending = true
  }

  begin(command: Command): void {
    this.queue.shift()
    this.special = command
    if (command.route !== 'blocking') this.hub.traffic.inFlight++
    this.countSent([command])
    this.hub.watch()
  }

  private countSent(commands: readonly Command[]): void {
    const { counters } = this.hub
    const nowMs = this.hub.now()
    for (const command of commands) {
      counters.commands[classOf(command)]++
      const waitedMs = nowMs - command.sinceMs
      if (waitedMs > parkedFromMs) counters.parkedFor(waitedMs)
    }
  }

  answer(bytes: Buffer): true {
    this.queue.shift()
    this.out.push(bytes)
    return true
  }

  private flushOut(): void {
    if (this.out.length === 0) return
    const { out } = this
    this.out = []
    writeAll(this.client, out)
  }

  // ---- ends

  /** It waited for longer than `hold` allows. */
  private abandon(share: Share): void {
    share.cancelled = true
    this.share = null
    const { counters } = this.hub
    const last = share.unsent ? -1 : share.commands.findLastIndex((command) => !command.replayable)
    const answers = share.commands.map((_, place) => {
      if (share.answered) return unconfirmed
      return place <= last ? uncertain : noPrimary
    })
    for (const answer of answers) counters[answer === noPrimary ? 'tryAgain' : 'uncertain']++
    counters.holdExhausted++
    writeAll(this.client, answers)
    this.take()
  }

  private expireParked(limitMs: number): void {
    let expired = false
    let inMulti = false
    for (
      let next = this.queue.peek();
      // of a transaction whose MULTI did not run no command may run by itself
      next !== undefined && (next.sinceMs <= limitMs || inMulti);
      next = this.queue.peek()
    ) {
      const { name } = next.request
      inMulti = name === 'MULTI' || (inMulti && name !== 'EXEC' && name !== 'DISCARD')
      this.queue.shift()
      this.out.push(this.steps.giveUp(next))
      expired = true
    }
    if (!expired) return
    this.hub.counters.holdExhausted++
    this.flushOut()
    this.take()
  }

  private clientEnded(): void {
    if (this.special?.route === 'blocking' || this.steps.boundToOwn || this.hub.target() === null) {
      this.close()
      return
    }
    this.inputOver = true
    this.endIfDone()
  }

  private endIfDone(): void {
    if (this.gone || this.share !== null || this.special !== null || this.queue.length > 0) return
    const over = this.ending || this.input.closed || (this.inputOver && !this.input.full(0))
    if (!over) return
    this.ending = true
    if (this.input.complaint !== null) this.out.push(this.input.complaint)
    this.input.complaint = null
    this.flushOut()
    this.client.end(() => {
      this.close()
    })
  }
}
