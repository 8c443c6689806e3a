import type { Reply } from '../resp/decode.ts'
import type { RedisAddress } from './redis-client.ts'

/** What a sentinel's event says about who is, or is about to be, the primary. */
export type SentinelEvent =
  | { readonly kind: 'switched'; readonly address: RedisAddress }
  | { readonly kind: 'promoting'; readonly address: RedisAddress }

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
      // slave <name> <ip> <port> @ <primary's name> <ip> <port>
      const address = addressOf(words[2], words[3])
      return words[0] === 'slave' && words[5] === name && address !== null
        ? { kind: 'promoting', address }
        : null
    }
    default:
      return null
  }
}

/** The address in the reply to SENTINEL MASTER; null when it cannot be read. */
export function readPrimary(reply: Reply | undefined): RedisAddress | null {
  if (!Array.isArray(reply)) return null
  const fields = reply as readonly Reply[]
  const value = (name: string): string | undefined => {
    const at = fields.indexOf(name)
    const found = at < 0 ? undefined : fields[at + 1]
    return typeof found === 'string' ? found : undefined
  }
  return addressOf(value('ip'), value('port'))
}

function addressOf(host: string | undefined, port: string | undefined): RedisAddress | null {
  return host === undefined || port === undefined || !/^\d{1,5}$/.test(port)
    ? null
    : { host, port: Number(port) }
}
