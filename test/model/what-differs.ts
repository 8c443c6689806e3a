/** What a gateway does not answer byte for byte as a Redis would, and how much of it is compared all the same. */
export interface Difference {
  /** For docs/commands.md. */
  readonly words: string
  /** Of commands that begin with these words (upper case). */
  readonly commands: RegExp
  /** What is left of a reply to compare. */
  readonly compared: (reply: string) => string
}

const kindAlone = (reply: string): string => reply.slice(0, 1)
const nothing = (): string => ''

/** The elements of one array or set of bulk strings in order of their bytes. */
function sorted(reply: string): string {
  const [head = '', ...rest] = reply.split(/(?=\$\d+\r\n)/)
  return [head, ...rest.toSorted()].join('')
}

/** The confirmations of leaving everything, without how many are left, in order of their channels. */
function confirmations(reply: string): string {
  return reply
    .replace(/:\d+\r\n/g, '')
    .split(/(?=[*>]3\r\n)/)
    .toSorted()
    .join('')
}

export const whatDiffers: readonly Difference[] = [
  {
    words: 'HELLO: the `id` is the gateway’s number of the session',
    commands: /^HELLO\b/,
    compared: (reply) => reply.replace(/(\$2\r\nid\r\n:)\d+/, '$1…'),
  },
  { words: 'CLIENT ID: the same number', commands: /^CLIENT ID$/, compared: kindAlone },
  {
    words:
      'CLIENT LIST, CLIENT INFO, CLIENT KILL and CLIENT UNBLOCK are about connections of the primary: several sessions share one',
    commands: /^CLIENT (?:LIST|INFO|KILL|UNBLOCK)\b/,
    compared: kindAlone,
  },
  {
    words:
      'INFO, ROLE, CONFIG, LATENCY, MEMORY, SLOWLOG and PUBSUB show the primary: a master with replicas, one database more than clients may use, and the gateway’s own connections and channels',
    commands: /^(?:INFO|ROLE|CONFIG|LATENCY|MEMORY|SLOWLOG|PUBSUB)\b/,
    compared: kindAlone,
  },
  {
    words: 'WAIT and WAITAOF count the replicas of the deployment',
    commands: /^WAIT(?:AOF)?\b/,
    compared: kindAlone,
  },
  {
    words:
      'SYNC, PSYNC, REPLCONF, REPLICAOF, SLAVEOF, FAILOVER, SHUTDOWN, DEBUG, SCRIPT DEBUG, CLIENT REPLY OFF and SKIP are refused: `-ERR … is not available through the gateway`',
    commands:
      /^(?:SYNC|PSYNC|REPLCONF|REPLICAOF|SLAVEOF|FAILOVER|SHUTDOWN|DEBUG|SCRIPT DEBUG|CLIENT REPLY)\b/,
    compared: nothing,
  },
]

/** What differs between any two servers as well: times, chance, and the order of what has none. */
export const ofAnyTwoServers: readonly Difference[] = [
  {
    words: 'times',
    commands: /^(?:TIME|LASTSAVE|TTL|PTTL|OBJECT IDLETIME|XINFO)\b/,
    compared: kindAlone,
  },
  {
    words: 'the order of all commands',
    commands: /^COMMAND$/,
    compared: kindAlone,
  },
  {
    words: 'chance',
    commands: /^(?:RANDOMKEY|SRANDMEMBER|HRANDFIELD|ZRANDMEMBER|SPOP)\b/,
    compared: kindAlone,
  },
  {
    words: 'the order in which everything is left',
    commands: /^[PS]?UNSUBSCRIBE$/,
    compared: confirmations,
  },
  {
    words: 'order',
    commands: /^(?:KEYS|SCAN|SSCAN|SMEMBERS|SINTER|SUNION|SDIFF|HKEYS|HGETALL|HVALS|HSCAN)\b/,
    compared: sorted,
  },
]

/** @param words of the call @param reply its bytes as latin1 text */
export function comparedPart(words: readonly string[], reply: string): string {
  if (reply.startsWith('-')) {
    const refused = whatDiffers.find(({ compared }) => compared === nothing)
    if (refused?.commands.test(titleOf(words)) !== true) return reply
  }
  return differenceOf(words)?.compared(reply) ?? reply
}

/** Whether the reply to this call may differ; of a transaction with such a call only the size is compared. */
export function differenceOf(words: readonly string[]): Difference | undefined {
  const title = titleOf(words)
  return [...whatDiffers, ...ofAnyTwoServers].find(({ commands }) => commands.test(title))
}

function titleOf(words: readonly string[]): string {
  return words.slice(0, 2).join(' ').toUpperCase()
}
