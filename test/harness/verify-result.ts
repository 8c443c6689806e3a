import type { Status } from '../../src/targets/status.ts'
import { randomFrom } from '../../src/verify/random.ts'
import type { FaultResult, VerifyResult } from '../../src/verify/result.ts'

export interface Drawn {
  readonly verdict?: VerifyResult['verdict']
  readonly faults?: number
  readonly seconds?: number
  readonly seed?: number
  /** Put wherever somebody else's words may stand. */
  readonly words?: string
}

const names = ['kill-primary', 'pause-primary', 'switchover', 'kill-gateway', 'partition-primary']

/** A result as a run could give it, for tests of what is made of results. */
export function drawnResult(drawn: Drawn = {}): VerifyResult {
  const { verdict = 'proved', faults = 8, seconds = 64, seed = 1, words = '' } = drawn
  const random = randomFrom(seed)
  const bucketMs = 250
  const buckets = (seconds * 1000) / bucketMs
  const every = (seconds * 1000) / Math.max(1, faults)
  const isBad = verdict === 'violated'
  const results = Array.from({ length: faults }, (_, index): FaultResult => {
    const startMs = every * (index + 0.2)
    const gapMs = 150 + random.next() * 2200
    return {
      name: names[index % names.length] ?? '',
      startMs,
      endMs: startMs + every * 0.15,
      healthyMs: isBad && index === 2 ? null : startMs + every * 0.15 + random.next() * 3000,
      did: [`redis-${index % 3} (primary) killed${words}`],
      failed: isBad && index === 1 ? `redis-1 did not become a replica${words}` : null,
      longestGapMs: gapMs,
      longestCallMs: gapMs + 40,
      errors: isBad && index === 2 ? { timeout: 3, [`uncertain${words}`]: 1 } : {},
      explained: index === 3 ? { 'http-502': 2 } : {},
    }
  })
  const inGap = (atMs: number): boolean =>
    results.some(({ startMs, longestGapMs }) => atMs >= startMs && atMs < startMs + longestGapMs)
  const at = Array.from({ length: buckets }, (_, index) => index * bucketMs)
  const noise = (): number => 0.7 + random.next() * 0.8
  const lookup = (base: number, stalled: number): (number | null)[] =>
    at.map((ms) => (inGap(ms) ? null : inGap(ms - bucketMs * 2) ? stalled * noise() : base * noise()))
  return {
    verdict,
    words: isBad
      ? [`3 acknowledged counts are lost.${words}`, 'Clients saw 4 errors that no fault explains.']
      : verdict === 'unproved'
        ? ['Nothing wrong was seen, but not everything could be checked.', 'The end state could not be read.']
        : ['Nothing was lost, doubled or undone.', 'All 12,411 acknowledged calls are there exactly once.'],
    command: `./holdfast verify --for ${seconds}s --seed ${seed}${words}`,
    seed,
    startedAt: '2025-06-01T03:00:00.000Z',
    durationMs: seconds * 1000,
    versions: { holdfast: '0.1.0', 'redis-server': '7.0.15', node: '24.0.0' },
    subject: {
      name: `counter${words}`,
      target: 'local',
      settings: { nodes: '3', delivery: 'exactly-once', clients: '32', rate: '200 a second' },
    },
    totals: {
      acknowledged: 12_411,
      lost: isBad ? 3 : 0,
      twice: 0,
      back: 0,
      other: 0,
      errors: isBad ? { timeout: 3, uncertain: 1 } : {},
      explained: faults > 3 ? { 'http-502': 2 } : {},
      longestGapMs: Math.max(12, ...results.map(({ longestGapMs }) => longestGapMs)),
      longestCallMs: Math.max(15, ...results.map(({ longestCallMs }) => longestCallMs)),
    },
    workloads: [
      {
        workload: 'counter',
        result: isBad ? 'violated' : 'sound',
        anomalies: isBad
          ? [{ kind: 'lost', count: 3, words: `own-3 was answered 41 and holds 38${words}`, atMs: 4000 }]
          : [],
        acknowledged: 6200,
        unknown: 2,
        refused: 0,
        notes: [`32 ids of one caller each${words}`],
      },
      {
        workload: 'register',
        result: verdict === 'unproved' ? 'unproved' : 'sound',
        anomalies: [],
        acknowledged: 6211,
        unknown: 0,
        refused: 0,
        notes: ['linearizable: 6 keys'],
      },
    ],
    faults: results,
    failovers: results
      .filter((_, index) => index % 2 === 0)
      .map(({ startMs, longestGapMs }, index) => ({
        atMs: startMs + 20,
        node: `redis-${index % 3}`,
        steps: {
          lost: 0,
          down: null,
          elected: longestGapMs * 0.5,
          promoted: longestGapMs * 0.6,
          taken: longestGapMs * 0.8,
          resumed: longestGapMs * 0.9,
        },
      })),
    series: {
      bucketMs,
      p50: lookup(1.4, 900),
      p99: lookup(5, 1500),
      max: lookup(12, 2300),
      answered: at.map((ms) => (inGap(ms) ? 0 : Math.round(50 * noise()))),
      errors: at.map((ms, index) => (isBad && inGap(ms) && index % 7 === 0 ? 2 : 0)),
    },
    closing: [
      { name: 'one primary', passed: true, words: 'redis-1' },
      { name: 'replicas in sync', passed: !isBad, words: isBad ? `redis-2 is not${words}` : 'all of them' },
    ],
    before: drawnStatus(0, words),
    after: drawnStatus(1, words),
  }
}

function drawnStatus(primary: number, words: string): Status {
  return {
    name: 'counter',
    target: 'local',
    state: 'healthy',
    primary: `redis-${primary}`,
    epoch: primary + 1,
    nodes: [0, 1, 2].map((index) => ({
      name: `redis-${index}`,
      address: `127.0.1.${index + 1}:6379`,
      role: index === primary ? 'primary' : 'replica',
      up: true,
      inSync: true,
      offset: 1000,
      lagBytes: 0,
      sentinel: { up: true, primarySeen: `redis-${primary}` },
    })),
    gateways: [{ name: 'gateway', address: '127.0.0.1:6379', up: true, sessions: 8, parked: 0 }],
    instances: [{ name: 'app-0', address: `127.0.0.1:9000${words}`, up: true, healthy: true }],
    frontDoor: { url: 'http://localhost:8080', up: true },
    problems: [],
  }
}
