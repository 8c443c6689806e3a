import type { Topology } from '../topology/topology.ts'
import { addressKey } from './address.ts'
import { judge, judgeStandalone, type Judgement, type LastReign } from './decision.ts'
import { plainProbe, recordProbe, type NodeProbe, type ProbeQuestions } from './node-probe.ts'
import type { RedisAddress } from './redis-client.ts'
import { backed, majority, promising, type SentinelsState } from './sentinels-state.ts'

/** In what a deployment of our own and a Sentinel deployment that somebody else set up differ. */
export interface Rules {
  readonly sentinels: readonly RedisAddress[]
  /** The name under which the sentinels watch it. */
  readonly name: string
  readonly learnSentinels: boolean
  readonly markersDb: number
  readonly probe: ProbeQuestions
  /** Whether a majority that names another node ends the present reign at once: where no record guards every answer. */
  readonly majorityEnds: boolean
  /** The present primary is asked for its role this often; null: every confirmation does that. */
  readonly askRoleMs: number | null
  /** Sentinels that are behind the last configuration epoch used for this long were set up anew, and count again. */
  readonly forgetEpochMs: number
  /** Whether switchovers speak to gateways over a channel on the primary. */
  readonly hasControlChannel: boolean
  indexOf(address: RedisAddress): number | null
  /** Whom to ask whether it is the primary. */
  candidates(state: SentinelsState, floor: number, nowMs: number): readonly RedisAddress[]
  /** @param vouched the configuration epoch in which a majority names it or elected who promotes it; null: none does */
  judge(address: RedisAddress, probe: NodeProbe, last: LastReign | null, vouched: number | null): Judgement
}

/** Agents, a record and a gate: whoever might be primary is asked, and its record decides. */
export function deploymentRules({ nodes, name, redis }: Pick<Topology, 'nodes' | 'name' | 'redis'>): Rules {
  const indices = new Map(
    nodes.map((node) => [addressKey({ host: node.address, port: node.redisPort }), node.index]),
  )
  const indexOf = (address: RedisAddress): number | null => indices.get(addressKey(address)) ?? null
  return {
    sentinels: nodes.map((node) => ({ host: node.address, port: node.sentinelPort })),
    name,
    learnSentinels: false,
    markersDb: redis.markersDb,
    probe: recordProbe,
    majorityEnds: false,
    askRoleMs: null,
    forgetEpochMs: 2000,
    hasControlChannel: true,
    indexOf,
    candidates: (state, floor, nowMs) =>
      distinct([majority(state, floor)?.address, ...promising(state, nowMs)]).filter(
        (address) => indexOf(address) !== null,
      ),
    judge: (address, probe, last) => {
      const index = indexOf(address)
      return index === null ? { kind: 'no', why: 'it is a stranger' } : judge(index, probe, last)
    },
  }
}

export interface StandaloneSettings {
  readonly sentinels: readonly RedisAddress[]
  readonly name: string
  /** Also count the sentinels that more than half of the listed ones know. Default: only those listed. */
  readonly learnSentinels?: boolean
  /** The database for markers, below what the nodes' `databases` allows. */
  readonly markersDb: number
}

/** Sentinels and nothing else: a majority of them is followed, and the node must agree. */
export function standaloneRules(settings: StandaloneSettings): Rules {
  return {
    ...settings,
    learnSentinels: settings.learnSentinels ?? false,
    probe: plainProbe,
    majorityEnds: true,
    askRoleMs: 500,
    forgetEpochMs: 5000,
    hasControlChannel: false,
    indexOf: () => null,
    candidates: (state, floor, nowMs) => distinct(backed(state, floor, nowMs).map(({ address }) => address)),
    judge: (address, probe, last, vouched) => judgeStandalone(addressKey(address), probe, last, vouched),
  }
}

function distinct(addresses: readonly (RedisAddress | undefined)[]): readonly RedisAddress[] {
  return [
    ...new Map(
      addresses.flatMap((address) =>
        address === undefined ? [] : [[addressKey(address), address] as const],
      ),
    ).values(),
  ]
}
