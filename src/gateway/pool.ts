import type { Primary } from '../discovery/discovery.ts'
import type { Command } from './command.ts'
import { Fifo } from './fifo.ts'
import { Lane } from './lane.ts'
import { mayRun, type Rights } from './rights.ts'
import type { LaneContext } from './lane-context.ts'
import type { Leftover } from './marker.ts'
import { Flush, type FlushLimits, type ShareOwner } from './share.ts'

export interface PoolOptions extends Omit<
  LaneContext,
  'backOff' | 'freed' | 'lost' | 'setUp' | 'strangers' | 'rightsChanged'
> {
  readonly lanes: number
  readonly limits: FlushLimits
  readonly markerPrefix: string
  /** Takes the replies of a marker away. Rejects when there is no primary now. */
  readonly trim: (leftover: Leftover) => Promise<void>
  /** Asks the primary for the user's rights. Rejects when there is none now. */
  readonly rights: () => Promise<Rights>
  /** Where commands go; null: nowhere now. */
  readonly target: () => Primary | null
  /** A switchover asks that nothing new is sent. */
  readonly holding: () => boolean
  /** Something waits that time may end. */
  readonly watch: () => void
}

const backOffMs = 20
/** A lane that had nothing new for one to two of these is idle. */
const idleMs = 1000

/** The lanes of one user, database and protocol, and the sessions that have something to send on them. */
export class Pool {
  /** Sessions that use it. */
  users = 0
  private readonly options: PoolOptions
  private readonly context: LaneContext
  private readonly lanes: Lane[] = []
  private readonly ready = new Fifo<ShareOwner>()
  private rights: Rights | null = null
  private learning = false
  private readonly curious = new Set<() => void>()
  private scheduled = false
  private backingOff = false
  private idleTimer: NodeJS.Timeout | null = null
  /** The last batch of each lane, as it was a moment ago. */
  private readonly seen = new Map<Lane, number>()

  constructor(options: PoolOptions) {
    this.options = options
    this.context = {
      ...options,
      backOff: () => {
        this.backOff()
      },
      freed: () => {
        this.schedule()
      },
      lost: () => {
        this.backOff()
      },
      strangers: () => {
        for (const owner of this.ready.drain()) owner.stranger()
      },
      setUp: (lane) => {
        this.setUp(lane)
      },
      rightsChanged: () => {
        this.rights = null
      },
    }
  }

  get busy(): boolean {
    return this.lanes.some((lane) => lane.busy)
  }

  /** Its lanes can run batches. False until one is set up. All that are up agree: @see setUp */
  get batching(): boolean {
    return this.options.delivery === 'exactly-once' && this.lanes.some((lane) => lane.up && lane.direct)
  }

  /** Its lanes are there, and this user may not run batches. */
  get indirect(): boolean {
    return this.options.delivery === 'exactly-once' && this.lanes.some((lane) => lane.up && !lane.direct)
  }

  /** Whether the user certainly may run this. */
  unrestricted(command: Command): boolean {
    return this.rights !== null && mayRun(this.rights, command)
  }

  /** @returns true: the user's rights are known; false: `then` is called once they are, or to ask again */
  knowsRights(then: () => void): boolean {
    if (this.rights !== null) return true
    this.curious.add(then)
    this.learnRights()
    return false
  }

  /** The session has commands to send. It is asked for them once, soon. */
  enlist(owner: ShareOwner): void {
    this.ready.push(owner)
    this.schedule()
  }

  /** Something that stood in the way may have gone. */
  schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.flush()
    })
  }

  /** The primary is another one, or none: what the lanes have under way waits for its markers. */
  primaryOver(): void {
    for (const lane of this.lanes) lane.close()
    this.schedule()
  }

  /** Gives up lanes that owe an answer and have said nothing since (ms), though the primary answers others. */
  closeSilent(sinceMs: number): void {
    for (const lane of this.lanes)
      if (lane.silentSince(sinceMs)) {
        this.options.note('a connection to the primary is silent', { purpose: 'lane' })
        lane.close()
      }
  }

  /** @returns the markers' keys, to be removed */
  discard(): readonly string[] {
    const keys = this.lanes.map((lane) => lane.markerKey)
    for (const lane of this.lanes.splice(0)) lane.discard()
    if (this.idleTimer !== null) clearTimeout(this.idleTimer)
    return keys.filter((key) => key !== null)
  }

  private flush(): void {
    const { options, ready } = this
    const target = options.target()
    if (target === null || this.backingOff) {
      options.watch()
      return
    }
    this.openDown(target)
    if (ready.length === 0) return
    if (options.holding()) {
      options.watch()
      return
    }
    // each is asked once: who has nothing for these lanes and asks for another turn gets it in another turn of the event loop
    let turns = ready.length
    for (const lane of this.lanes) {
      while (lane.free && turns > 0) {
        const flush = new Flush(options.limits)
        const batching = options.delivery === 'exactly-once' && lane.direct
        flush.alone = ready.peek()?.suspect === true
        if (flush.alone && lane.busy) break
        do {
          turns--
          ready.shift()?.fill(flush, batching, options.elevated)
        } while (turns > 0 && !flush.full && ready.peek()?.suspect !== true)
        if (!flush.empty) lane.send(flush)
        this.trimLater()
      }
      if (turns === 0) break
    }
    if (ready.length > 0 && this.lanes.length < options.lanes && this.lanes.every((lane) => lane.busy))
      this.addLane(target)
    options.watch()
  }

  private learnRights(): void {
    if (this.learning) return
    this.learning = true
    this.options.rights().then(
      (rights) => {
        this.rights = rights
        this.askAgain()
      },
      () => {
        // no primary to ask now, or none that answers
        setTimeout(() => {
          this.askAgain()
        }, backOffMs)
      },
    )
  }

  private askAgain(): void {
    this.learning = false
    const curious = [...this.curious]
    this.curious.clear()
    for (const then of curious) then()
  }

  /** Lanes that owe an answer are opened again even when nobody has anything new. */
  private openDown(target: Primary): void {
    if (this.lanes.length === 0 && this.ready.length > 0) this.addLane(target)
    for (const lane of this.lanes) if (lane.down && (lane.busy || this.ready.length > 0)) lane.open(target)
  }

  /**
   * The user's rights are what they were when the last lane was set up: what was set up under others is opened anew, so that who
   * chooses a command's way and who fills a lane go by the same.
   */
  private setUp(latest: Lane): void {
    for (const lane of this.lanes) if (lane.up && lane.direct !== latest.direct) lane.retire()
  }

  private addLane(target: Primary): void {
    const lane = new Lane(this.context, `${this.options.markerPrefix}:${String(this.lanes.length)}`)
    this.lanes.push(lane)
    lane.open(target)
  }

  /** Markers keep their last replies no longer than their lanes are busy: they may be large, and every node has them. */
  private trimLater(): void {
    this.idleTimer ??= setTimeout(() => {
      this.idleTimer = null
      this.trimIdle()
    }, idleMs).unref()
  }

  private trimIdle(): void {
    for (const lane of this.lanes) {
      const { leftover } = lane
      if (leftover !== null || lane.busy) this.trimLater()
      if (leftover === null) continue
      const idle = this.seen.get(lane) === leftover.sequence
      this.seen.set(lane, leftover.sequence)
      if (!idle) continue
      this.options.trim(leftover).then(
        () => {
          lane.trimmed(leftover)
        },
        () => {
          // no primary now, or none that writes: it is tried again
        },
      )
    }
  }

  private backOff(): void {
    if (this.backingOff) return
    this.backingOff = true
    setTimeout(() => {
      this.backingOff = false
      this.schedule()
    }, backOffMs)
  }
}
