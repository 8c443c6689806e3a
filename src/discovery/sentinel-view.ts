import type { Reply } from '../resp/decode.ts'
import { addressOf } from './address.ts'
import type { OtherSentinel } from './learned-sentinels.ts'
import type { RedisAddress } from './redis-client.ts'
import type { NamedPrimary } from './sentinels-state.ts'

/** What a sentinel's event says about who is, or is about to be, the primary. */
export type SentinelEvent =
  /** It names another one: worth asking it at once. */
  | { readonly kind: 'switched'; readonly address: RedisAddress }
  | { readonly kind: 'promoting'; readonly address: RedisAddress }
  | { readonly kind: 'voted'; readonly leader: string; readonly epoch: number }
  | { readonly kind: 'aborted' }

/** The steps of a failover, in Sentinel's order, for its timeline. */
export type FailoverStage = 'down' | 'tried' | 'elected' | 'selected' | 'promoted' | 'switched'

const stages: Readonly<Record<string, FailoverStage>> = {
  '+odown': 'down',
  '+try-failover': 'tried',
  '+elected-leader': 'elected',
  '+selected-slave': 'selected',
  '+promoted-slave': 'promoted',
  '+switch-master': 'switched',
}

/**
 * Reads an event of a sentinel's pub/sub
 * (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#pubsub-messages).
 * @returns null when it names nobody for this deployment
 */
export function readEvent(channel: string, message: string, name: string): SentinelEvent | null {
  const words = message.split(' ')
  switch (channel) {
    case '+switch-master': {
      const address = addressOf(words[3], words[4])
      return words[0] === name && address !== null ? { kind: 'switched', address } : null
    }
    case '+selected-slave':
    case '+promoted-slave':
    case '+failover-state-send-slaveof-noone':
    case '+failover-state-wait-promotion': {
      const address = addressOf(words[2], words[3])
      return subjectOf(words) === name && address !== null ? { kind: 'promoting', address } : null
    }
    case '+vote-for-leader': {
      // <id> <epoch>: the name is not said, but nobody leads two elections of one epoch
      const [leader, epoch] = words
      return leader !== undefined && leader !== '' && isEpoch(epoch)
        ? { kind: 'voted', leader, epoch: Number(epoch) }
        : null
    }
    default:
      return channel.startsWith('-failover-abort-') && subjectOf(words) === name ? { kind: 'aborted' } : null
  }
}

/** @returns the step of a failover of this deployment that the event tells; null when it tells none */
export function readStage(channel: string, message: string, name: string): FailoverStage | null {
  const words = message.split(' ')
  const subject = channel === '+switch-master' ? words[0] : subjectOf(words)
  return subject === name && Object.hasOwn(stages, channel) ? (stages[channel] ?? null) : null
}

/** The name in `master <name> <ip> <port> …`, or in `slave <its name> <ip> <port> @ <name> <ip> <port>`. */
function subjectOf(words: readonly string[]): string | undefined {
  return words[0] === 'master' ? words[1] : words[0] === 'slave' ? words[5] : undefined
}

/** Whom the reply to SENTINEL MASTER names; null when it cannot be read. */
export function readPrimary(reply: Reply | undefined): NamedPrimary | null {
  const field = fieldsOf(reply)
  const address = addressOf(field.get('ip'), field.get('port'))
  const epoch = field.get('config-epoch')
  return address !== null && isEpoch(epoch) ? { address, epoch: Number(epoch) } : null
}

/** The reply to SENTINEL SENTINELS; what cannot be read is left out. */
export function readOthers(reply: Reply | undefined): readonly OtherSentinel[] {
  if (!Array.isArray(reply)) return []
  return (reply as readonly Reply[]).flatMap((one) => {
    const field = fieldsOf(one)
    const address = addressOf(field.get('ip'), field.get('port'))
    const id = field.get('runid')
    return address === null || id === undefined || id === '' ? [] : [{ id, address }]
  })
}

/** field, value, field, value, …: a map in RESP3 */
function fieldsOf(reply: Reply | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (!Array.isArray(reply)) return found
  const items = reply as readonly Reply[]
  for (let at = 0; at + 1 < items.length; at += 2) {
    const [field, value] = [items[at], items[at + 1]]
    if (typeof field === 'string' && typeof value === 'string') found.set(field, value)
  }
  return found
}

function isEpoch(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,15}$/.test(text)
}
