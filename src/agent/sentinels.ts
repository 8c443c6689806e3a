import type { Redis } from 'ioredis'
import type { Topology } from '../topology/topology.ts'
import { parseInfo } from './redis-info.ts'
import { controlConnection } from './redis-link.ts'

export interface SentinelView {
  readonly index: number
  readonly up: boolean
  /** Node index of the primary that it names; null when it names none of ours. */
  readonly primary: number | null
  readonly failoverInProgress: boolean
  readonly tilt: boolean
  /** After so long without an answer it takes the primary for down. */
  readonly downAfterMs: number
  readonly configEpoch: number
  /** Other sentinels that it knows. */
  readonly others: number
}

export interface Sentinels {
  /** What each sentinel says, by index. Never throws. */
  views(): Promise<readonly SentinelView[]>
  /** Priorities of the replicas as one sentinel knows them, by node index. */
  prioritiesSeenBy(index: number): Promise<ReadonlyMap<number, number>>
  /** The node that a sentinel promotes in its failover; null while it has chosen none. */
  promotedBy(index: number): Promise<number | null>
  /** @returns null when accepted, else what it said */
  forceFailover(index: number): Promise<string | null>
  /** Faster clocks than Sentinel's own, which do not survive its restart; and how many must agree, which was another number once. */
  quicken(index: number): Promise<void>
  /** Other sentinels that it knows and takes for down, and that are no node's (`address:port`). */
  goneKnownBy(index: number): Promise<readonly string[]>
  /** Forgets replicas and other sentinels, and finds those that are there within a second. */
  forget(index: number): Promise<void>
  /** Calls back for every event of any sentinel: its name (`+selected-slave`) and what it says. */
  onEvent(listener: (event: string, text: string) => void): void
  close(): void
}

/**
 * Sentinel promotes only a replica whose INFO is younger than three periods: with 100 ms a busy machine had none left
 * (-failover-abort-no-good-slave, seen).
 */
const infoClocks = ['INFO-PERIOD', '400', 'PUBLISH-PERIOD', '200']
/**
 * down-after counts from a ping that stays unanswered: with one a second, a primary that hangs is noticed up to a second later than
 * that. Not below 500: while a primary is down Sentinel asks replicas for their INFO once a second, and takes one that is older than
 * five ping periods for no candidate. Whether others take the primary for down it goes on asking once a second, as by default: who
 * notices last asks at once and stands alone for election. Asking every 100 ms they all stood, and each voted for itself.
 */
const pingClocks = ['PING-PERIOD', '500', 'TILT-PERIOD', '2000']

/** @param from the own node's address */
export function openSentinels(topology: Topology, internalSecret: string, from: string): Sentinels {
  const connect = (index: number) => {
    const node = topology.nodes[index]
    if (node === undefined) throw new RangeError(`no node ${String(index)}`)
    return controlConnection({ host: node.address, port: node.sentinelPort, internalSecret, from })
  }
  const connections = topology.nodes.map((node) => connect(node.index))
  const subscribers: Redis[] = []
  const at = (index: number) => connections[index] ?? connect(index)
  const replicasOf = async (index: number) => {
    const replicas = (await at(index).call('SENTINEL', 'REPLICAS', topology.name)) as string[][]
    return replicas.map(pairs)
  }
  return {
    views: () => Promise.all(connections.map((connection, index) => view(connection, index, topology))),
    promotedBy: async (index) => {
      const promoted = (await replicasOf(index)).find((each) => each.get('flags')?.includes('promoted'))
      return promoted === undefined ? null : nodeAt(topology, promoted.get('ip'), promoted.get('port'))
    },
    prioritiesSeenBy: async (index) => {
      const seen = new Map<number, number>()
      for (const fields of await replicasOf(index)) {
        const node = nodeAt(topology, fields.get('ip'), fields.get('port'))
        const gone = /s_down|disconnected/.test(fields.get('flags') ?? '')
        if (node !== null && !gone) seen.set(node, Number(fields.get('slave-priority')))
      }
      return seen
    },
    forceFailover: async (index) => {
      try {
        await at(index).call('SENTINEL', 'FAILOVER', topology.name)
        return null
      } catch (error) {
        return (error as Error).message
      }
    },
    quicken: async (index) => {
      await at(index).call('SENTINEL', 'DEBUG', ...infoClocks, ...pingClocks)
      await at(index).call('SENTINEL', 'SET', topology.name, 'quorum', String(topology.quorum))
    },
    goneKnownBy: async (index) => {
      const known = (await at(index).call('SENTINEL', 'SENTINELS', topology.name)) as string[][]
      return known.map(pairs).flatMap((fields) => {
        const [ip, port, flags] = ['ip', 'port', 'flags'].map((field) => fields.get(field) ?? '')
        const isOurs = topology.nodes.some(
          (node) => node.address === ip && String(node.sentinelPort) === port,
        )
        return isOurs || flags?.includes('s_down') !== true ? [] : [`${ip ?? ''}:${port ?? ''}`]
      })
    },
    forget: async (index) => {
      await at(index).call('SENTINEL', 'RESET', topology.name)
    },
    onEvent: (listener) => {
      for (const node of topology.nodes) {
        const subscriber = connect(node.index)
        subscriber.on('ready', () => {
          subscriber.psubscribe('*').catch(() => undefined)
        })
        subscriber.on('pmessage', (_pattern: string, event: string, text: string) => {
          listener(event, text)
        })
        subscribers.push(subscriber)
      }
    },
    close: () => {
      for (const connection of [...connections, ...subscribers]) connection.disconnect()
    },
  }
}

const unknown: Omit<SentinelView, 'index'> = {
  up: false,
  primary: null,
  failoverInProgress: false,
  tilt: false,
  downAfterMs: 0,
  configEpoch: 0,
  others: 0,
}

async function view(connection: Redis, index: number, topology: Topology): Promise<SentinelView> {
  try {
    const [master, info] = await Promise.all([
      connection.call('SENTINEL', 'MASTER', topology.name) as Promise<string[]>,
      connection.info('sentinel'),
    ])
    const fields = pairs(master)
    return {
      index,
      up: true,
      primary: nodeAt(topology, fields.get('ip'), fields.get('port')),
      failoverInProgress: fields.get('flags')?.includes('failover_in_progress') === true,
      tilt: parseInfo(info).get('sentinel_tilt') === '1',
      downAfterMs: Number(fields.get('down-after-milliseconds')),
      configEpoch: Number(fields.get('config-epoch') ?? 0),
      others: Number(fields.get('num-other-sentinels') ?? 0),
    }
  } catch {
    return { ...unknown, index }
  }
}

/** The primary that a majority of all sentinels names; null when they do not. */
export function namedByMajority(views: readonly SentinelView[], quorum: number): number | null {
  const votes = new Map<number, number>()
  for (const { primary } of views) {
    if (primary !== null) votes.set(primary, (votes.get(primary) ?? 0) + 1)
  }
  for (const [primary, count] of votes) if (count >= quorum) return primary
  return null
}

function nodeAt(topology: Topology, ip: string | undefined, port: string | undefined): number | null {
  return topology.nodes.find((node) => node.address === ip && String(node.redisPort) === port)?.index ?? null
}

function pairs(flat: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  for (let index = 0; index + 1 < flat.length; index += 2) map.set(flat[index] ?? '', flat[index + 1] ?? '')
  return map
}
