import { parseRecord, recordFields, recordKey, type InSyncRecord } from '../insync/record.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { parseReplication, type Replication } from './replication.ts'

/** What a node says about itself. Null record: it holds none, or was not asked for it. */
export interface NodeProbe {
  readonly replication: Replication
  readonly record: InSyncRecord | null
}

export interface ProbeQuestions {
  readonly bytes: Buffer
  readonly count: number
  /** @returns null when the node does not answer as a node does (LOADING, for example) */
  readonly read: (replies: readonly Reply[]) => NodeProbe | null
}

const info = encodeCommand(['INFO', 'server', 'replication'])

/** Role and record; the markers' database must be selected. */
export const recordProbe: ProbeQuestions = {
  bytes: Buffer.concat([info, encodeCommand(['HMGET', recordKey, ...recordFields])]),
  count: 2,
  read: ([info, fields]) => {
    if (typeof info !== 'string' || fields instanceof ReplyError || !Array.isArray(fields)) return null
    return { replication: parseReplication(info), record: readRecord(fields as readonly Reply[]) }
  },
}

/** The role, and whether it answers at all: INFO does so while the data is still being read. */
export const plainProbe: ProbeQuestions = {
  bytes: Buffer.concat([info, encodeCommand(['PING'])]),
  count: 2,
  read: ([info, pong]) =>
    typeof info === 'string' && pong === 'PONG'
      ? { replication: parseReplication(info), record: null }
      : null,
}

export function readRecord(fields: readonly Reply[]): InSyncRecord | null {
  return parseRecord(fields.map((field) => (typeof field === 'string' ? field : null)))
}
