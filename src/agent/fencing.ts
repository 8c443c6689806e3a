import { grantsPromise, mayFollow } from '../insync/gate.ts'
import { compareEpochs, formatEpoch } from '../insync/record.ts'
import type { FenceReply, FenceRequest, FollowRequest } from './api.ts'
import { vouchedRecord, type AgentContext } from './context.ts'

/**
 * Fences this node for another's gate: it leaves whatever it follows (or serves), and promises on disk to follow no
 * epoch below. Its record is read after that, so nothing it reports can still be acknowledged to anybody else.
 */
export function grantFence(context: AgentContext, { epoch }: FenceRequest): Promise<FenceReply> {
  return context.exclusively(async () => {
    const { store, redis, node, log } = context
    const refuse = (why: string): FenceReply => ({
      granted: false,
      node: node.index,
      promise: store.get().promise,
      why,
    })
    const { promise } = store.get()
    if (!grantsPromise(promise, epoch)) return refuse(`promised ${formatEpoch(promise)}`)
    const before = await redis.inspect()
    if (!before.up) return refuse('redis-server does not answer')
    if (before.loading) return refuse('redis-server is loading its data')
    store.promise(epoch)
    if (before.role === 'master') {
      await redis.feed(false)
      store.set({ reign: null })
    }
    await redis.follow(null)
    const after = await redis.inspect()
    if (!after.up || after.role !== 'slave' || after.linkUp)
      return refuse('redis-server did not leave its primary')
    log.info({ epoch: formatEpoch(epoch), offset: after.offset }, 'fenced')
    context.beAlert()
    const { intact, virgin, syncedRun } = store.get()
    return {
      granted: true,
      node: node.index,
      intact,
      virgin: virgin && after.record === null,
      restarted: syncedRun !== after.runId,
      record: vouchedRecord(context, after),
      offset: after.offset,
      replid: after.replid,
    }
  })
}

/** Follows the primary of an epoch, unless it promised beyond it or holds a newer record. */
export function obeyFollow(
  context: AgentContext,
  { epoch, record, founding }: FollowRequest,
): Promise<{ followed: boolean; why?: string }> {
  return context.exclusively(async () => {
    const { store, redis, topology, log } = context
    const primary = topology.nodes[epoch.node]
    if (primary === undefined) return { followed: false, why: `no node ${String(epoch.node)}` }
    const own = await redis.inspect()
    if (!own.up || own.loading) return { followed: false, why: 'redis-server is not ready' }
    const { promise, promiseKnown } = store.get()
    if (founding !== true && !promiseKnown)
      return { followed: false, why: 'it lost its promises and has to recall them first' }
    if (compareEpochs(record.epoch, epoch) !== 0)
      return { followed: false, why: 'the record is of another epoch' }
    if (!mayFollow(promise, own.record, record)) {
      return { followed: false, why: `promised ${formatEpoch(promise)}, or its record is newer` }
    }
    store.promise(epoch)
    if (founding === true && store.get().virgin) store.set({ promiseKnown: true })
    if (own.role === 'master') {
      await redis.feed(false)
      store.set({ reign: null })
    }
    if (own.follows !== `${primary.address}:${String(primary.redisPort)}`) {
      await redis.follow(primary)
      log.info({ epoch: formatEpoch(epoch), primary: primary.name }, 'follows')
    }
    return { followed: true }
  })
}
