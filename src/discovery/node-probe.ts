import { parseRecord, recordFields, recordKey, type InSyncRecord } from '../insync/record.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { parseReplication, type Replication } from './replication.ts'

/** What a node says about itself. Null record: it holds none. */
export interface NodeProbe {
  readonly replication: Replication
  readonly record: InSyncRecord | null
}

const probeBytes = Buffer.concat([
  encodeCommand(['INFO', 'server', 'replication']),
  encodeCommand(['HMGET', recordKey, ...recordFields]),
])

/** The two questions of a probe, encoded; the markers' database must be selected. */
export const probeQuestions = { bytes: probeBytes, count: 2 } as const

/** @returns null when the node does not answer as a node does (LOADING, for example) */
export function readProbe(replies: readonly Reply[]): NodeProbe | null {
  const [info, fields] = replies
  if (typeof info !== 'string' || fields instanceof ReplyError || !Array.isArray(fields)) return null
  return { replication: parseReplication(info), record: readRecord(fields as readonly Reply[]) }
}

export function readRecord(fields: readonly Reply[]): InSyncRecord | null {
  return parseRecord(fields.map((field) => (typeof field === 'string' ? field : null)))
}
