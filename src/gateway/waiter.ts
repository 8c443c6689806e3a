import { Attempt, wordedCommand, type AttemptPools } from './attempt.ts'
import type { BlockingForm } from './blocking-forms.ts'
import { isNothing } from './blocking-replies.ts'
import type { Command } from './command.ts'
import type { Hub } from './hub.ts'
import { uncertain } from './words.ts'

export interface WaiterOptions {
  readonly hub: Hub
  /** As CLIENT ID gives it. */
  readonly sessionId: number
  readonly command: Command
  readonly form: BlockingForm
  readonly protocol: 2 | 3
  readonly pools: AttemptPools
  /** The user may not run every command that an attempt is: what was asked of Redis is only whether it may run this one. */
  readonly approved: boolean
  readonly done: (answer: Buffer) => void
  /** It is over: nothing that it waits for concerns it any more. */
  readonly onOver: () => void
}

/** `over`: it is answered. `nothing`: there is none. `other`: what is there is no concern of it. */
export type Outcome = 'over' | 'nothing' | 'other'

/** Longer waits do not fit a timer. */
const longestTimerMs = 2_000_000_000
const wrongType = '-WRONGTYPE'

/** A command that waits until one of its keys has something for it. It is tried when one of them changes, and costs nothing meanwhile. */
export class Waiter {
  over = false
  readonly form: BlockingForm
  readonly sessionId: number
  private readonly options: WaiterOptions
  private attempt: Attempt | null = null
  private trying: Promise<Outcome> | null = null
  private tried = false
  private timer: NodeJS.Timeout | null = null
  /** It has waited for long enough; what it is answered unless the attempt under way finds something. */
  private farewell: Buffer | null = null

  constructor(options: WaiterOptions) {
    this.options = options
    this.form = options.form
    this.sessionId = options.sessionId
    const { timeoutMs } = options.form
    if (timeoutMs > 0) this.startTimer(timeoutMs)
  }

  /** One try after the other. @param key that changed; all of its keys at first */
  async try(key: string | null): Promise<Outcome> {
    while (this.trying !== null) await this.trying
    if (this.over) return 'over'
    this.trying = this.run(key)
    return this.trying
  }

  /** Ends it, unless it has found something. @param answer null: its time is up */
  leave(answer: Buffer | null): void {
    if (this.over || this.farewell !== null) return
    this.farewell = answer ?? (this.options.protocol === 3 ? nullReply : nullArray)
    // Redis looks once before it lets anybody wait, however short the time is and whoever waits already
    if (answer === null && !this.tried) {
      if (this.trying === null) void this.try(null)
    } else if (this.attempt?.sent !== true) this.end(this.farewell)
  }

  /** The primary is gone for too long: whether the try under way ran cannot be known. One that is not sent goes on waiting. */
  expire(): void {
    if (this.over) return
    if (this.attempt?.sent !== true) {
      if (this.farewell !== null) this.end(this.farewell)
      return
    }
    this.options.hub.counters.uncertain++
    this.end(uncertain)
  }

  /** Nobody waits for its answer any more. @returns false: one is on its way */
  giveUp(): boolean {
    if (this.attempt?.sent === true && this.farewell === null) {
      this.farewell = Buffer.alloc(0)
      return false
    }
    this.drop()
    return true
  }

  /** Ends it without an answer. */
  drop(): void {
    if (this.over) return
    this.over = true
    this.attempt?.cancel()
    this.settle('over')
    if (this.timer !== null) clearTimeout(this.timer)
    this.options.onOver()
  }

  private settle: (outcome: Outcome) => void = () => undefined

  private run(key: string | null): Promise<Outcome> {
    const { hub, approved, pools } = this.options
    const place = key === null || !this.tried ? null : this.form.keys.indexOf(key)
    const command = wordedCommand(this.form.attempt(place), hub.now())
    command.approved = approved
    return new Promise((resolve) => {
      this.settle = (outcome) => {
        this.settle = () => undefined
        this.trying = null
        this.attempt = null
        resolve(outcome)
      }
      this.attempt = new Attempt(hub, command, pools, (answer) => {
        this.settle(this.judge(answer))
      })
    })
  }

  private judge(answer: Buffer): Outcome {
    if (this.over) return 'over'
    const { form, options } = this
    const words = answer.toString('latin1', 0, wrongType.length)
    // a key that became one of another type is none that it waits for
    const strange = this.tried && !form.moves && words === wrongType
    if (!isNothing(answer) && !strange) {
      this.end(form.carry(answer, options.protocol))
      return 'over'
    }
    this.tried = true
    if (this.farewell !== null) {
      this.end(this.farewell)
      return 'over'
    }
    return strange ? 'other' : 'nothing'
  }

  private end(answer: Buffer): void {
    this.drop()
    this.options.done(answer)
  }

  private startTimer(leftMs: number): void {
    const nowMs = Math.min(leftMs, longestTimerMs)
    this.timer = setTimeout(() => {
      if (leftMs > nowMs) this.startTimer(leftMs - nowMs)
      else this.leave(null)
    }, nowMs)
  }
}

/** Redis answers so whatever the command, when its time is up. */
const nullArray = Buffer.from('*-1\r\n')
const nullReply = Buffer.from('_\r\n')
