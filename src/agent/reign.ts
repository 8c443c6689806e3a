import { membersWith, membersWithout } from '../insync/confirm.ts'
import { counts } from '../insync/majorities.ts'
import { formatEpoch, type Epoch, type InSyncRecord } from '../insync/record.ts'
import { majoritiesOf, timing } from '../topology/topology.ts'
import type { AgentContext } from './context.ts'
import type { InspectedRedis } from './redis-link.ts'

/** A replica that is this close behind may join: everything after the record that names it then waits for it. */
const joinWithinBytes = 64 * 1024
/** Beyond any version that gateways can have reached since we last looked. */
const restoredVersionStep = 1000

export interface ReignKeeper {
  /** What a primary owes its in-sync set, now and then: who joins, who left, and the record itself. */
  keep(epoch: Epoch, redis: InspectedRedis): Promise<void>
}

export function createReignKeeper(context: AgentContext): ReignKeeper {
  const { topology, node, store, redis: link, log, now } = context
  const majorities = majoritiesOf(topology)
  const missingSince = new Map<number, number>()
  /** By replica outside of the set: what it has to acknowledge before it joins. */
  const owed = new Map<number, number>()
  let last: InSyncRecord | null = null
  let opened = ''

  const attached = (redis: InspectedRedis) =>
    new Map(
      redis.replicas.flatMap((replica) => {
        const found = topology.nodes.find(
          (candidate) => candidate.address === replica.address && candidate.redisPort === replica.port,
        )
        return found === undefined || found === node || !replica.online
          ? []
          : [[found.index, replica] as const]
      }),
    )

  return {
    keep: async (epoch, redis) => {
      const online = attached(redis)
      const current = `${formatEpoch(epoch)} ${redis.runId}`
      if (current !== opened) {
        // Whoever opened this node may have died halfway, or a time-out hid whether it happened.
        opened = ''
        missingSince.clear()
        owed.clear()
        await link.feed(true)
        await link.configure({ 'min-replicas-to-write': String(topology.f) })
        opened = current
      }
      if (redis.record === null) {
        if (last === null) return
        const { members, commits } = last
        const version = last.version + restoredVersionStep
        log.warn({ version, members }, 'the record was gone (FLUSHALL, or eviction): written again')
        await link.writeRecord({ epoch, version, members, commits, run: redis.runId }, topology.f)
        return
      }
      const { record } = redis
      last = record
      const copies = context.seen.peers.filter((peer) => peer?.intact === true && peer.redis.record !== null)
      if (store.get().founding && copies.length >= topology.f) store.set({ founding: false })
      for (const { index } of topology.nodes)
        if (!online.has(index) || record.members.includes(index)) owed.delete(index)
        else if (!owed.has(index)) owed.set(index, redis.offset)
      const joining = [...online]
        .filter(([index, replica]) => {
          const agent = context.seen.peers[index]
          const behind = redis.offset - replica.offset
          // One that hangs keeps its link, and while little is written it is never far behind: that it lives, an acknowledgement says.
          const acknowledges = replica.offset >= (owed.get(index) ?? Infinity)
          return (
            counts(index, majorities) && acknowledges && behind <= joinWithinBytes && agent?.intact === true
          )
        })
        .map(([index]) => index)
      if (joining.length > 0) {
        const members = membersWith(record, joining)
        if (await link.swapMembers(record, members)) log.info({ joining, members }, 'joined the in-sync set')
        return
      }
      for (const member of record.members) {
        if (online.has(member)) missingSince.delete(member)
        else if (!missingSince.has(member)) missingSince.set(member, now())
      }
      const leaving = record.members.filter(
        (member) =>
          !counts(member, majorities) ||
          now() - (missingSince.get(member) ?? Infinity) > timing.memberSilentMs,
      )
      const remaining = leaving.length === 0 ? null : membersWithout(record, leaving, majorities)
      // A record that nobody else gets would only keep the others from going on without this node.
      const isUseful = remaining?.every((member) => online.has(member)) === true
      if (remaining !== null && isUseful && (await link.swapMembers(record, remaining))) {
        for (const member of leaving) missingSince.delete(member)
        log.info({ leaving, members: remaining }, 'left the in-sync set')
      }
    },
  }
}
