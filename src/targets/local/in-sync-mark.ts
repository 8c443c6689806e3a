import { setTimeout as delay } from 'node:timers/promises'
import { controlConnection } from '../../agent/redis-link.ts'
import { isMajority } from '../../insync/majorities.ts'
import {
  compareEpochs,
  parseRecord,
  recordFields,
  recordKey,
  type InSyncRecord,
} from '../../insync/record.ts'
import { confirmScript } from '../../insync/scripts.ts'
import { majoritiesOf, type NodeTopology, type Topology } from '../../topology/topology.ts'
import { findPrimary } from '../nodes.ts'
import type { Secrets } from '../target.ts'
import { readAgent } from './agent-client.ts'

const inSyncWithinMs = 10_000
const pollMs = 20

/**
 * A confirmation of the in-sync set that begins now. Once every member holds it, each has everything that was answered
 * before: by this primary, or by one before it, whose writes its gate found.
 * @throws what `failed` makes of why there is none
 */
export async function setMark(
  topology: Topology,
  { internal }: Secrets,
  signal: AbortSignal,
  failed: (why: string) => Error,
): Promise<{ readonly record: InSyncRecord; readonly members: readonly NodeTopology[] }> {
  const agents = await Promise.all(topology.nodes.map((node) => readAgent(node, internal)))
  const primary = topology.nodes[findPrimary(agents)?.node ?? -1]
  if (primary === undefined) throw failed('there is no primary that could say who is in sync')
  const links = topology.nodes.map((node) =>
    controlConnection({
      host: node.address,
      port: node.redisPort,
      internalSecret: internal,
      db: topology.redis.markersDb,
    }),
  )
  const read = (index: number) =>
    links[index]?.hmget(recordKey, ...recordFields).then(parseRecord, () => null) ?? Promise.resolve(null)
  try {
    const link = links[primary.index]
    const connectBy = performance.now() + inSyncWithinMs
    while (link?.status !== 'ready' && performance.now() < connectBy) await delay(pollMs)
    const reply = await link?.eval(confirmScript, 1, recordKey).catch((error: unknown) => {
      throw failed(`${primary.name} does not serve: ${(error as Error).message}`)
    })
    const record = parseRecord((reply ?? []) as (string | null)[])
    if (record === null) throw failed(`${primary.name} does not serve`)
    const isEnough = ({ epoch, members }: InSyncRecord) =>
      isMajority([epoch.node, ...members], majoritiesOf(topology))
    const has = (copy: InSyncRecord | null, now: InSyncRecord) =>
      copy !== null &&
      compareEpochs(copy.epoch, record.epoch) === 0 &&
      copy.commits >= record.commits &&
      copy.version >= now.version
    for (const deadline = performance.now() + inSyncWithinMs; performance.now() < deadline;) {
      signal.throwIfAborted()
      // Who is in the set may change: it is asked for each time, on the primary.
      const now = await read(primary.index)
      if (now !== null && has(now, record) && isEnough(now)) {
        const copies = await Promise.all(now.members.map(read))
        if (copies.every((copy) => has(copy, now))) {
          return { record, members: topology.nodes.filter(({ index }) => now.members.includes(index)) }
        }
      }
      await delay(pollMs)
    }
    throw failed(
      `too few replicas were in sync with ${primary.name} within ${String(inSyncWithinMs / 1000)} s`,
    )
  } finally {
    for (const link of links) link.disconnect()
  }
}
