import { compareRecords, formatEpoch, type Epoch, type InSyncRecord } from '../insync/record.ts'
import { isMajority } from '../insync/majorities.ts'
import { gateVerdict, nextEpoch, type FencedNode, type Verdict } from '../insync/gate.ts'
import { majoritiesOf } from '../topology/topology.ts'
import type { FenceReply } from './api.ts'
import { otherNodes, vouchedRecord, type AgentContext } from './context.ts'
import { becomeEligible } from './eligible.ts'
import { validReign } from './next-step.ts'

type Granted = Extract<FenceReply, { granted: true }>
export type GateReason = 'promoted' | 'renew' | 'decide'

/**
 * How long the last ones may take once enough nodes are fenced. Restarted, a former primary is often the first to answer, and
 * alone it would be the in-sync set: nothing is answered until it has fetched everything (0.9 s on a busy machine, seen).
 */
const stragglersMs = { steady: 60, restarted: 300 } as const

/**
 * Asks for the right to serve, and serves if it is given. @returns whether this node serves now.
 * Any number of these may run at once on any nodes: the promises let one of them through.
 */
export async function runGate(context: AgentContext, why: GateReason): Promise<boolean> {
  const { node, topology, log } = context
  const own = await context.exclusively(() => fenceOneself(context, why))
  if (own === null) return false
  const { epoch } = own
  const started = context.now()
  const majorities = majoritiesOf(topology)
  const isEnough = (others: readonly number[]) => isMajority([node.index, ...others], majorities)
  const granted = await fenceOthers(context, epoch, isEnough)
  const verdict = gateVerdict(node.index, epoch, [own.report, ...granted], majorities, own.run)
  log.info(
    { epoch: formatEpoch(epoch), why, fenced: granted.map((reply) => reply.node), verdict: verdict.kind },
    'gate',
  )
  if (verdict.kind !== 'serve') {
    await giveWay(context, verdict)
    return false
  }
  const record = await context.exclusively(() => serve(context, epoch, verdict.record, own))
  if (record === null) return false
  log.info(
    { epoch: formatEpoch(epoch), members: record.members, ms: Math.round(context.now() - started) },
    'serves',
  )
  await letFollow(context, epoch, record)
  context.onServes()
  return true
}

/** The first start of a deployment: every node is new and says so, or has no more than this one. */
export async function bootstrap(context: AgentContext): Promise<boolean> {
  const { node, topology, store, log } = context
  const known = context.seen.peers.flatMap((peer) => (peer === null ? [] : [peer.promise]))
  const epoch = nextEpoch(node.index, [store.get().promise, ...known])
  const everybody = (others: readonly number[]) => others.length === topology.nodes.length - 1
  const granted = await fenceOthers(context, epoch, everybody)
  const { record: own } = await context.redis.inspect()
  const hasNoMore = ({ virgin, record }: Granted) =>
    record === null ? virgin : own !== null && compareRecords(record, own) <= 0
  if (granted.length < topology.nodes.length - 1 || !granted.every(hasNoMore)) return false
  const record = await context.exclusively(async () => {
    store.promise(epoch)
    const members = granted.map((reply) => reply.node).toSorted((a, b) => a - b)
    const own = await context.redis.inspect()
    const record = { epoch, version: 0, members, commits: 0, run: own.runId }
    store.set({ founding: true })
    return serve(context, epoch, record, { run: own.runId, report: { record: vouchedRecord(context, own) } })
  })
  if (record === null) return false
  log.info({ members: record.members }, 'began a new deployment')
  await letFollow(context, epoch, record, true)
  return true
}

async function fenceOneself(
  context: AgentContext,
  why: GateReason,
): Promise<{ epoch: Epoch; report: FencedNode; run: string } | null> {
  const { node, store, redis, seen } = context
  const before = await redis.inspect()
  if (!before.up || before.loading || (before.role === 'master') !== (why !== 'decide')) return null
  if (why !== 'renew' && validReign(store.get(), before) !== null) return null
  if (why === 'decide') await redis.follow(null)
  const own = why === 'decide' ? await redis.inspect() : before
  if (!own.up) return null
  const known = seen.peers.flatMap((peer) =>
    peer === null ? [] : [peer.promise, ...(peer.redis.record === null ? [] : [peer.redis.record.epoch])],
  )
  const epoch = nextEpoch(node.index, [
    store.get().promise,
    ...(own.record === null ? [] : [own.record.epoch]),
    ...known,
  ])
  store.promise(epoch)
  const { intact, syncedRun } = store.get()
  return {
    epoch,
    run: own.runId,
    report: {
      node: node.index,
      intact,
      restarted: syncedRun !== own.runId,
      record: vouchedRecord(context, own),
    },
  }
}

/** How long to wait for others when these are fenced; null: as long as it takes. */
export function lastCallMs(
  granted: readonly Pick<Granted, 'node' | 'intact' | 'restarted'>[],
  isEnough: (others: readonly number[]) => boolean,
): number | null {
  const intact = granted.filter((reply) => reply.intact)
  const indices = (replies: typeof intact) => replies.map((reply) => reply.node)
  if (isEnough(indices(intact.filter((reply) => !reply.restarted)))) return stragglersMs.steady
  return isEnough(indices(intact)) ? stragglersMs.restarted : null
}

/** Waits for everybody, or until enough intact nodes are fenced and the others had a moment. */
function fenceOthers(
  context: AgentContext,
  epoch: Epoch,
  isEnough: (others: readonly number[]) => boolean,
): Promise<readonly Granted[]> {
  const granted: Granted[] = []
  const { promise, resolve } = Promise.withResolvers<readonly Granted[]>()
  const others = otherNodes(context)
  let outstanding = others.length
  const settle = () => {
    const waitMs = outstanding === 0 ? 0 : lastCallMs(granted, isEnough)
    if (waitMs === 0) resolve(granted)
    else if (waitMs !== null)
      setTimeout(() => {
        resolve(granted)
      }, waitMs)
  }
  for (const other of others) {
    context.peers
      .fence(other.index, { epoch })
      .then((reply) => {
        if (reply.granted) granted.push(reply)
        else context.log.info({ node: other.name, why: reply.why }, 'not fenced')
      })
      .catch((error: unknown) => {
        context.log.info({ node: other.name, why: (error as Error).message }, 'not fenced')
      })
      .finally(() => {
        outstanding -= 1
        settle()
      })
  }
  if (outstanding === 0) resolve(granted)
  return promise
}

/**
 * Writes the record of the new epoch and opens this node, if nobody was promised more meanwhile.
 * @param judged what the verdict was made with: another process, or another record, voids it
 */
async function serve(
  context: AgentContext,
  epoch: Epoch,
  record: InSyncRecord,
  judged: { readonly run: string; readonly report: { readonly record: InSyncRecord | null } },
): Promise<InSyncRecord | null> {
  const { store, redis, topology, priority } = context
  if (formatEpoch(store.get().promise) !== formatEpoch(epoch)) return null
  let own = await redis.inspect()
  if (!own.up || own.runId !== judged.run || !sameRecord(vouchedRecord(context, own), judged.report.record))
    return null
  if (own.role !== 'master') {
    await becomeEligible(context, own)
    await redis.promote()
    own = await redis.inspect()
  }
  if (own.role !== 'master' || own.runId !== judged.run) return null
  const written = { ...record, commits: Math.max(record.commits, own.record?.commits ?? 0), run: own.runId }
  // The reign is noted last: whatever fails before leaves a node without one, and it asks again.
  await redis.writeRecord(written, topology.f)
  store.set({
    reign: { epoch, runId: own.runId, processId: own.processId },
    intact: true,
    virgin: false,
    promiseKnown: true,
    syncedRun: own.runId,
  })
  await redis.feed(true)
  await priority.natural(100, own)
  return written
}

function sameRecord(a: InSyncRecord | null, b: InSyncRecord | null): boolean {
  return a === null || b === null ? a === b : compareRecords(a, b) === 0
}

async function letFollow(
  context: AgentContext,
  epoch: Epoch,
  record: InSyncRecord,
  founding = false,
): Promise<void> {
  await Promise.all(
    otherNodes(context).map((other) =>
      context.peers.follow(other.index, { epoch, record, founding }).catch(() => null),
    ),
  )
}

/** This node may not serve. Whoever may is told at once; nobody else needs to be. */
async function giveWay(context: AgentContext, verdict: Exclude<Verdict, { kind: 'serve' }>): Promise<void> {
  if (verdict.kind !== 'yield') return
  const [best] = verdict.qualified.filter((node) => node !== context.node.index)
  if (best !== undefined) await context.peers.decide(best).catch(() => undefined)
}
