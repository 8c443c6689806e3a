import { readRecord } from '../discovery/node-probe.ts'
import { parseReplication } from '../discovery/replication.ts'
import type { Round } from '../insync/confirm.ts'
import type { InSyncRecord } from '../insync/record.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { isWritten } from './append-only-file.ts'

/**
 * What a lane's own confirmation saw. @see confirmation
 * @param before `INFO replication persistence` after everything that is to be confirmed; `after`: the same after a WAIT
 */
export function roundOf(
  record: InSyncRecord | null,
  run: string,
  before: string,
  after: string,
  nodeAt: (host: string, port: number) => number | null,
): Round {
  const first = parseReplication(before)
  const last = parseReplication(after)
  const acknowledged = new Map<number, number>()
  for (const replica of last.online) {
    const node = nodeAt(replica.host, replica.port)
    if (node !== null) acknowledged.set(node, replica.offset)
  }
  return {
    record,
    role: last.role,
    run,
    neededOffset: first.offset,
    acknowledged,
    sameStream: first.stream === last.stream,
    written: isWritten(before, after),
  }
}

/** The reply to laneConfirmScript. Null: refused. */
export function recordOf(reply: Reply | undefined): InSyncRecord | null {
  return Array.isArray(reply) && !(reply instanceof ReplyError) ? readRecord(reply as readonly Reply[]) : null
}
