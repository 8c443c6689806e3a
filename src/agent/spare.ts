import { isMajority, type Majorities } from '../insync/majorities.ts'
import { compareEpochs, type Epoch } from '../insync/record.ts'
import type { AgentState } from './api.ts'

/**
 * Whether a node whose files cannot be loaded may begin empty: a primary serves whose gate passed in an epoch that this node
 * did not promise beyond, so it has everything that was answered before; and enough members of its set beside this node hold it
 * too, so nobody will need what is in the files. Pure.
 *
 * @param peers by node index; null: did not answer, or oneself
 */
export function maySpare(
  me: number,
  majorities: Majorities,
  durable: { readonly promise: Epoch; readonly promiseKnown: boolean },
  peers: readonly (AgentState | null)[],
): boolean {
  if (!durable.promiseKnown) return false
  const primary = peers
    .flatMap((peer) => (peer?.reign == null ? [] : [{ ...peer, reign: peer.reign }]))
    .toSorted((a, b) => compareEpochs(b.reign, a.reign))[0]
  const record = primary?.redis.record
  if (primary === undefined || record == null || !primary.redis.up) return false
  if (compareEpochs(primary.reign, durable.promise) < 0) return false
  if (compareEpochs(record.epoch, primary.reign) !== 0) return false
  const holders = record.members.filter((member) => {
    const peer = peers[member]
    if (member === me || peer == null) return false
    return peer.intact && !peer.restarted && peer.redis.up && peer.redis.linkUp
  })
  return isMajority([primary.node, ...holders], majorities)
}
