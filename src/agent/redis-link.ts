import { Redis } from 'ioredis'
import { parseRecord, encodeRecord, recordFields, recordKey, type InSyncRecord } from '../insync/record.ts'
import { swapMembersScript, writeRecordScript } from '../insync/scripts.ts'
import { isHostName } from '../topology/host-name.ts'
import type { NodeTopology, Topology } from '../topology/topology.ts'
import type { RedisState } from './api.ts'
import { connectorFrom } from './bound-connector.ts'
import { attachedReplicas, parseInfo, type AttachedReplica } from './redis-info.ts'

export interface InspectedRedis extends RedisState {
  /** master_replid2: the stream that it was promoted from. */
  readonly formerReplid: string
  /** Its append-only file is being written anew. */
  readonly rewriting: boolean
  /** Its last write to the append-only file failed: a full disk, mostly. */
  readonly diskFails: boolean
  /** What it has written to the append-only file, in bytes. */
  readonly fileBytes: number
  /** The last rewrite of that file did. */
  readonly rewriteFailed: boolean
  /** replica-priority; null: a primary does not say it. */
  readonly priority: number | null
  readonly processId: number
  readonly runId: string
  readonly replicas: readonly AttachedReplica[]
}

export const downRedis: InspectedRedis = {
  up: false,
  loading: false,
  role: 'unknown',
  follows: null,
  linkUp: false,
  syncing: false,
  replid: '',
  offset: 0,
  record: null,
  runId: '',
  formerReplid: '',
  rewriting: false,
  diskFails: false,
  fileBytes: 0,
  rewriteFailed: false,
  priority: null,
  processId: 0,
  replicas: [],
}

/** An agent's connection to its own redis-server, as user `holdfast`, with the markers' database selected. */
export interface RedisLink {
  /** Never throws: a server that is down or hangs is not up. */
  inspect(): Promise<InspectedRedis>
  role(): Promise<'master' | 'slave' | 'unknown'>
  /** Follows `address:port`; nowhere when null: it leaves whom it followed and keeps its place in the stream. */
  follow(node: NodeTopology | null): Promise<void>
  promote(): Promise<void>
  /** Feeds replicas or not; those attached when it is switched off are cut. */
  feed(on: boolean): Promise<void>
  setPriority(value: number): Promise<void>
  /** Replaces the record, whatever the second fence (min-replicas-to-write) says. */
  writeRecord(record: InSyncRecord, minReplicas: number): Promise<void>
  /** @returns false when the record is no longer the expected one */
  swapMembers(expected: InSyncRecord, members: readonly number[]): Promise<boolean>
  pauseWrites(forMs: number): Promise<void>
  unpause(): Promise<void>
  publish(channel: string, message: string): Promise<number>
  /** Begins to write the append-only file anew. */
  rewriteFile(): Promise<void>
  configure(settings: Readonly<Record<string, string>>): Promise<void>
  close(): void
}

const replyWithinMs = 700

/** A connection to a Redis or Sentinel of the deployment, for control: fails at once when it is not there, reconnects by itself. */
export function controlConnection(options: {
  host: string
  port: number
  internalSecret: string
  db?: number
  replyWithinMs?: number
  /** What it comes from: a node's own address, so that a cut between nodes cuts it too. Left out, or a name: the system's choice. */
  from?: string
}): Redis {
  const { from } = options
  const connection = new Redis({
    ...(from === undefined || isHostName(from)
      ? {}
      : { Connector: connectorFrom(from, options.host, options.port) }),
    host: options.host,
    port: options.port,
    username: 'holdfast',
    password: options.internalSecret,
    db: options.db ?? 0,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 700,
    commandTimeout: options.replyWithinMs ?? replyWithinMs,
    retryStrategy: (attempt) => Math.min(20 * attempt, 200),
  })
  connection.on('error', () => undefined)
  return connection
}

export function openRedisLink(topology: Topology, node: NodeTopology, internalSecret: string): RedisLink {
  const { markersDb } = topology.redis
  const redis = controlConnection({
    host: node.address,
    port: node.redisPort,
    internalSecret,
    db: markersDb,
    from: node.address,
  })
  return {
    inspect: () => inspect(redis),
    role: async () => {
      try {
        const [role] = (await redis.role()) as [string]
        return role === 'master' || role === 'slave' ? role : 'unknown'
      } catch {
        return 'unknown'
      }
    },
    follow: async (primary) => {
      if (primary === null) await redis.replicaof(node.address, 1)
      else await redis.replicaof(primary.address, primary.redisPort)
    },
    promote: async () => {
      await redis.replicaof('NO', 'ONE')
    },
    feed: async (on) => {
      await redis.call('ACL', 'SETUSER', 'holdfast-replica', on ? 'on' : 'off')
      if (!on) await redis.call('CLIENT', 'KILL', 'TYPE', 'REPLICA')
    },
    setPriority: async (value) => {
      await redis.config('SET', 'replica-priority', String(value))
    },
    writeRecord: async (record, minReplicas) => {
      try {
        await redis.config('SET', 'min-replicas-to-write', '0')
        await redis.eval(writeRecordScript, 1, recordKey, ...encodeRecord(record))
      } finally {
        await redis.config('SET', 'min-replicas-to-write', String(minReplicas))
      }
    },
    swapMembers: async (expected, members) => {
      const { epoch, version } = expected
      const swapped = await redis.eval(
        swapMembersScript,
        1,
        recordKey,
        String(epoch.number),
        String(epoch.node),
        String(version),
        members.join(','),
      )
      return swapped === 1
    },
    pauseWrites: async (forMs) => {
      await redis.call('CLIENT', 'PAUSE', String(forMs), 'WRITE')
    },
    unpause: async () => {
      await redis.call('CLIENT', 'UNPAUSE')
    },
    publish: (channel, message) => redis.publish(channel, message),
    rewriteFile: async () => {
      await redis.bgrewriteaof()
    },
    configure: async (settings) => {
      for (const [key, value] of Object.entries(settings)) await redis.config('SET', key, value)
    },
    close: () => {
      redis.disconnect()
    },
  }
}

async function inspect(redis: Redis): Promise<InspectedRedis> {
  try {
    const [text, record] = await Promise.all([
      redis.info('server', 'replication', 'persistence').then((all) => parseInfo(all)),
      redis.hmget(recordKey, ...recordFields).then(parseRecord, (error: unknown) => error as Error),
    ])
    const loading = text.get('loading') === '1' || text.get('async_loading') === '1'
    if (record instanceof Error && !loading) return downRedis
    const role = text.get('role')
    const host = text.get('master_host')
    return {
      up: true,
      loading,
      role: role === 'master' || role === 'slave' ? role : 'unknown',
      follows: host === undefined ? null : `${host}:${text.get('master_port') ?? ''}`,
      linkUp: text.get('master_link_status') === 'up',
      syncing: text.get('master_sync_in_progress') === '1',
      replid: text.get('master_replid') ?? '',
      offset: Number(text.get('slave_repl_offset') ?? text.get('master_repl_offset') ?? 0),
      record: record instanceof Error ? null : record,
      runId: text.get('run_id') ?? '',
      formerReplid: text.get('master_replid2') ?? '',
      rewriting: text.get('aof_rewrite_in_progress') === '1' || text.get('aof_rewrite_scheduled') === '1',
      diskFails: text.get('aof_last_write_status') === 'err',
      fileBytes: Number(text.get('aof_current_size') ?? 0),
      rewriteFailed: text.get('aof_last_bgrewrite_status') === 'err',
      priority: priorityOf(text),
      processId: Number(text.get('process_id') ?? 0),
      replicas: attachedReplicas(text),
    }
  } catch {
    return downRedis
  }
}

function priorityOf(info: ReadonlyMap<string, string>): number | null {
  const text = info.get('slave_priority')
  return text === undefined ? null : Number(text)
}
