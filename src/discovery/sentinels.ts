import { addressKey } from './address.ts'
import { learnedSentinels, type OtherSentinel } from './learned-sentinels.ts'
import type { RedisAddress, RedisCredentials } from './redis-client.ts'
import type { FailoverStage } from './sentinel-view.ts'
import { SentinelWatch } from './sentinel-watch.ts'
import {
  reduceSentinels,
  withSentinels,
  type SentinelReport,
  type SentinelsState,
} from './sentinels-state.ts'

export interface SentinelsOptions {
  readonly addresses: readonly RedisAddress[]
  readonly name: string
  readonly credentials: RedisCredentials | null
  /** Also count the others that the listed ones know. */
  readonly learn: boolean
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** Something was said; `about` whom, when that node is worth asking at once. */
  readonly onReport: (about: RedisAddress | null) => void
  readonly onStage: (stage: FailoverStage) => void
  readonly onNote: (note: string, details: Readonly<Record<string, unknown>>) => void
}

const promisingForMs = 10_000

/** All sentinels that count, and what they say. */
export class Sentinels {
  state: SentinelsState
  private readonly options: SentinelsOptions
  private readonly watches = new Map<string, SentinelWatch>()
  /** By listed sentinel. */
  private readonly others = new Map<string, readonly OtherSentinel[]>()

  constructor(options: SentinelsOptions) {
    this.options = options
    this.state = withSentinels(new Map(), options.addresses.map(addressKey))
    for (const address of options.addresses) this.watch(address, options.learn)
  }

  stop(): void {
    for (const watch of this.watches.values()) watch.stop()
  }

  /** Exactly these from now on. */
  watchOnly(addresses: readonly RedisAddress[]): void {
    const keys = new Set(addresses.map(addressKey))
    this.state = withSentinels(this.state, keys)
    for (const [key, watch] of this.watches) {
      if (keys.has(key)) continue
      watch.stop()
      this.watches.delete(key)
    }
    for (const address of addresses) this.watch(address, false)
  }

  private watch(address: RedisAddress, askForOthers: boolean): void {
    const { name, credentials, now, onReport, onNote, onStage } = this.options
    const key = addressKey(address)
    if (this.watches.has(key)) return
    const report = (what: SentinelReport, about: RedisAddress | null = null): void => {
      this.state = reduceSentinels(this.state, key, what)
      onReport(about)
    }
    const watch = new SentinelWatch({
      address,
      name,
      credentials,
      askForOthers,
      onId: (id) => {
        report({ kind: 'identified', id })
      },
      onAnswer: ({ primary, others }) => {
        if (askForOthers) this.learn(key, others)
        const before = this.state.get(key)?.names
        const isNews =
          primary !== null && (before == null || addressKey(before.address) !== addressKey(primary.address))
        report({ kind: 'names', primary }, isNews ? primary.address : null)
      },
      onEvent: (event) => {
        switch (event.kind) {
          case 'switched':
            onReport(event.address)
            break
          case 'promoting':
            report({ ...event, untilMs: now() + promisingForMs }, event.address)
            break
          case 'voted':
          case 'aborted':
            report(event)
            break
          default:
            event satisfies never
        }
      },
      onStage,
      onSilent: () => {
        report({ kind: 'names', primary: null })
      },
      onDeaf: (why) => {
        onNote('a sentinel is only asked, not listened to', { sentinel: key, why })
      },
      onProblem: (why) => {
        onNote('a sentinel is of no use', { sentinel: key, why })
      },
    })
    this.watches.set(key, watch)
  }

  /** Watches exactly the listed sentinels and those that they name. */
  private learn(sentinel: string, others: readonly OtherSentinel[]): void {
    const { addresses } = this.options
    const listed = addresses.map((address) => ({
      address,
      key: addressKey(address),
      id: this.state.get(addressKey(address))?.id ?? null,
    }))
    this.others.set(sentinel, others)
    const learned = learnedSentinels(
      listed.map(({ key, ...one }) => ({ ...one, others: this.others.get(key) ?? [] })),
    )
    this.watchOnly([...addresses, ...learned])
  }
}
