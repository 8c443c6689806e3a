import { encodeCommand } from '../resp/encode.ts'
import { replyType } from '../resp/reply-framer.ts'
import type { RedisCredentials } from '../discovery/redis-client.ts'
import type { SessionState } from './session-state.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Takes one reply. */
export type Taker = (bytes: Buffer, type: number) => void

export interface Attachment {
  readonly state: SessionState
  readonly subscriptions: Subscriptions
  /** Who sets connections up for sessions. */
  readonly setter: RedisCredentials | null
  /** Only user, database and protocol. */
  readonly bare: boolean
  readonly ask: (bytes: readonly Buffer[], takers: readonly Taker[]) => void
  readonly deliver: (bytes: Buffer) => void
  readonly done: () => void
}

/** Takes so many replies, and gives them away together. */
export function collect(replies: number, done: (replies: readonly Buffer[]) => void): readonly Taker[] {
  const got: Buffer[] = []
  return Array.from({ length: replies }, () => (reply: Buffer) => {
    got.push(Buffer.from(reply))
    if (got.length === replies) done(got)
  })
}

/** Makes a new connection what the session's lost one was: its user, database and protocol, subscriptions, tracking, MONITOR. */
export function attach(to: Attachment): void {
  const restore = to.state.restore(to.setter)
  if (restore.length === 0) {
    reattach(to)
    return
  }
  const takers: Taker[] = restore.map(() => nothing)
  takers[takers.length - 1] = (_, type) => {
    // Who set the connection up must never be who runs commands: as nobody, then, and Redis says so itself.
    if (type !== replyType.error) reattach(to)
    else {
      const then = (): void => {
        reattach(to)
      }
      to.ask([encodeCommand(['RESET'])], [then])
    }
  }
  to.ask(restore, takers)
}

function reattach({ state, subscriptions, bare, ask, deliver, done }: Attachment): void {
  if (bare) {
    done()
    return
  }
  const again = state.resubscribe()
  const extra = state.reattach()
  if (state.tracking !== null && state.protocol === 3) deliver(forgetAll)
  subscriptions.expect(again.confirmations, again.confirmations, extra.length === 0 ? done : nothing)
  if (extra.length + again.commands.length === 0) done()
  else {
    const takers: Taker[] = extra.map((_, at) => (at === extra.length - 1 ? done : nothing))
    ask([...again.commands, ...extra], takers)
  }
}

const nothing = (): void => undefined

/** What a client that tracks is told when nothing that it keeps can be relied on: the whole of the cache is void. */
const forgetAll = Buffer.from('>2\r\n$10\r\ninvalidate\r\n_\r\n')
