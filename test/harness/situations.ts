import { majorityOf } from '../../src/insync/majorities.ts'
import type { AgentState } from '../../src/agent/api.ts'
import type { DurableState } from '../../src/agent/durable-state.ts'
import { nextStep, type Situation, type Step } from '../../src/agent/next-step.ts'
import { downRedis, type InspectedRedis } from '../../src/agent/redis-link.ts'
import type { Epoch, InSyncRecord } from '../../src/insync/record.ts'

export const addresses = ['10.0.0.1:6379', '10.0.0.2:6379', '10.0.0.3:6379']
export const e1: Epoch = { number: 1, node: 0 }
export const e2: Epoch = { number: 2, node: 1 }

export const record = (change: Partial<InSyncRecord> = {}): InSyncRecord => ({
  epoch: e1,
  version: 4,
  members: [1, 2],
  commits: 50,
  run: 'run-0',
  ...change,
})

export const settled: DurableState = {
  promise: e1,
  promiseKnown: true,
  intact: true,
  virgin: false,
  founding: false,
  reign: null,
  syncedRun: 'own',
}

/** A replica that lost its primary. */
export const orphan: InspectedRedis = {
  ...downRedis,
  up: true,
  role: 'slave',
  follows: '10.0.0.9:1',
  runId: 'own',
  record: record(),
}

export interface Other {
  readonly state?: Partial<AgentState>
  readonly redis?: Partial<AgentState['redis']>
}

export function peer(node: number, { state = {}, redis = {} }: Other = {}): AgentState {
  return {
    node,
    pid: 1,
    promise: e1,
    intact: true,
    virgin: false,
    restarted: false,
    sentinel: { up: true, primarySeen: null, epoch: 0 },
    reign: null,
    doing: '',
    founding: false,
    stopping: false,
    problems: [],
    ...state,
    redis: { ...orphan, ...redis },
  }
}

/** It was the primary, died, and is back without its data. */
export function emptied(node: number): AgentState {
  return peer(node, {
    state: { intact: false, virgin: true, restarted: true, promise: { number: 0, node: 0 } },
    redis: { record: null },
  })
}

/** A primary whose gate has passed. */
export function reigning(node: number, number: number, change: Partial<InSyncRecord> = {}): AgentState {
  const epoch = { number, node }
  const held = record({ epoch, version: 0, ...change })
  return peer(node, {
    state: { reign: epoch, promise: epoch },
    redis: { role: 'master', follows: null, record: held },
  })
}

export interface Case {
  readonly me?: number
  readonly durable?: Partial<DurableState>
  readonly redis?: Partial<InspectedRedis>
  readonly peers?: readonly AgentState[]
  readonly withoutPrimaryMs?: number
  readonly outbidMs?: number
  readonly aloneMs?: number
}

export function step({ me = 1, durable, redis, peers = [], ...times }: Case): Step {
  const situation: Situation = {
    me,
    nodes: 3,
    majorities: majorityOf(3),
    durable: { ...settled, ...durable },
    redis: { ...orphan, ...redis },
    peers: addresses.map((_, node) => peers.find((each) => each.node === node) ?? null),
    addresses,
    withoutPrimaryMs: 0,
    outbidMs: 0,
    aloneMs: 0,
    ...times,
  }
  return nextStep(situation)
}

/** `gate promoted`, `follow 1`, `rest: leaves it to redis-2`, …, with a problem after a `!`. */
export function inWords(decided: Step): string {
  switch (decided.kind) {
    case 'gate':
      return `gate ${decided.why}`
    case 'follow':
      return `follow ${String(decided.node)}`
    case 'recall':
      return `recall ${String(decided.promise.number)}.${String(decided.promise.node)}`
    case 'elect':
      return `elect ${String(decided.gone)}`
    case 'bootstrap':
    case 'stand-down':
      return decided.kind
    case 'rest':
      return `rest: ${decided.doing}${decided.problem === undefined ? '' : ` ! ${decided.problem}`}`
  }
}
