import type { Command } from './command.ts'

/** The session a share belongs to, as far as lanes need to know it. */
export interface ShareOwner {
  /** What it would send next may be why connections were lost: it gets one without others. */
  readonly suspect: boolean
  /** Moves commands from its queue into the flush, as many as fit. `batching`: writes may go into its batch; `elevated`: it runs as the gateway's own user. */
  readonly fill: (flush: Flush, batching: boolean, elevated: boolean) => void
  /** It never said who it is, and Redis asks new connections for that now: no lane can be had for it. */
  readonly stranger: () => void
  /** The share is over: `pieces` may be told, commands from `settled` on go back to the head of the queue. */
  readonly settled: (share: Share) => void
}

/** The commands of one session in one flush: all sent raw, or all within its batch. */
export class Share {
  readonly owner: ShareOwner
  commands: Command[] = []
  /** Answers in order, for the client: those of the commands before `settled`. */
  pieces: Buffer[] = []
  settled = 0
  /** Its answers are the replies as they come; none is changed. */
  simple = true
  /** Sent raw, and the server would not run it now, by the command's place. Null: none was. */
  refusals: Map<number, Buffer> | null = null
  /** All its answers are there; they wait for their confirmation. */
  answered = false
  /** Nobody waits for it any more. */
  cancelled = false
  /** Its batch runs as the gateway's own user, and this one must be allowed what it does. Null: nobody has to be asked about. */
  asksFor: string | null = null
  /** It has a place on a lane, and has not left yet. */
  unsent = false

  constructor(owner: ShareOwner) {
    this.owner = owner
  }

  /** Commands within a batch: of a transaction all of them. */
  get items(): number {
    return this.commands.reduce((sum, { block }) => sum + (block?.length ?? 1), 0)
  }

  /** Forgets what was answered. */
  reset(): void {
    for (const command of this.commands) command.answer = null
    this.pieces = []
    this.settled = 0
    this.refusals = null
    this.answered = false
  }
}

export interface FlushLimits {
  readonly raws: number
  readonly items: number
  readonly bytes: number
}

/** What leaves for the primary in one write: raw commands, then one batch. */
export class Flush {
  readonly rawShares: Share[] = []
  readonly batchShares: Share[] = []
  readonly limits: FlushLimits
  /** Commands sent raw, and those within the batch (of a transaction: all of them). */
  raws = 0
  items = 0
  bytes = 0
  /** The batch's sequence, when it is sent. */
  sequence = 0
  sentMs = 0
  /** What it carries may be why connections were lost: nothing else is under way beside it. */
  alone = false

  constructor(limits: FlushLimits) {
    this.limits = limits
  }

  get full(): boolean {
    const { limits } = this
    if (this.alone) return true
    return this.raws >= limits.raws || this.items >= limits.items || this.bytes >= limits.bytes
  }

  get empty(): boolean {
    return this.raws + this.items === 0
  }

  get shares(): readonly Share[] {
    return this.batchShares.length === 0 ? this.rawShares : [...this.rawShares, ...this.batchShares]
  }

  /** The commands of its batch, those of transactions one by one. */
  batch(): readonly Command[] {
    const commands: Command[] = []
    for (const share of this.batchShares)
      for (const command of share.commands) {
        if (command.block === null) commands.push(command)
        else commands.push(...command.block)
      }
    return commands
  }

  add(share: Share, raw: boolean, commands: number, bytes: number): void {
    if (raw) {
      this.rawShares.push(share)
      this.raws += commands
    } else {
      this.batchShares.push(share)
      this.items += commands
    }
    this.bytes += bytes
  }
}
