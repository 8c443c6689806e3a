import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { startGateway } from '../../src/gateway/gateway.ts'
import { startBareRedis, type BareRedis } from '../harness/bare-redis.ts'
import { CuttingRelay } from '../harness/cutting-relay.ts'
import type { Fate, How, Step } from '../harness/cutting-plan.ts'
import { eventually } from '../harness/eventually.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'
import type { FrameKind } from '../harness/relay-frames.ts'
import { runSideBySide } from '../harness/side-by-side.ts'
import { steps } from '../model/client-calls.ts'

/** Others than those that every run tries: HOLDFAST_SEED=…, and HOLDFAST_RUNS for more of each. */
const seeds = process.env.HOLDFAST_SEED === undefined ? [1, 2] : [Number(process.env.HOLDFAST_SEED)]
const numRuns = Number(process.env.HOLDFAST_RUNS ?? 40)

const kinds: readonly FrameKind[] = [
  ...(['batch', 'batch', 'batch', 'command', 'command', 'info', 'wait', 'confirm'] as const),
  ...(['watch', 'check', 'multi', 'mark', 'exec', 'connect', 'introduce', 'load', 'recover'] as const),
]
const fates: readonly Fate[] = ['before', 'half', 'racing', 'unanswered', 'half-answer', 'answered', 'late']

const failure: fc.Arbitrary<Step> = fc.record({
  at: fc.constantFrom(...kinds),
  fate: fc.constantFrom(...fates),
  how: fc.constantFrom<How>('fin', 'rst'),
  skip: fc.constantFrom(0, 0, 1, 3),
})

const group = new RedisGroup({ block: 70, holdMs: 6000 })
let direct: BareRedis
let relay: CuttingRelay
let stopGateway = (): Promise<void> => Promise.resolve()

before(async () => {
  direct = await startBareRedis({ host: '127.70.251.1', password: clientPassword })
  await group.start()
  relay = await CuttingRelay.start('127.62.0.2')
  const gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
    connect: relay.connect,
  })
  stopGateway = () => gateway.stop(100)
  await eventually('a primary', 10_000, () => gateway.status().reachable || JSON.stringify(gateway.status()))
})

after(async () => {
  await stopGateway()
  await relay[Symbol.asyncDispose]()
  await group.stop()
  await direct.stop()
})

for (const seed of seeds)
  test(`random sessions while connections are cut: the same, but for what is said to be open (HOLDFAST_SEED=${String(seed)})`, async () => {
    const before = relay.cuts.length
    const results = { same: 0, open: 0 }
    await fc.assert(
      fc.asyncProperty(steps, fc.array(failure, { minLength: 1, maxLength: 8 }), async (all, failures) => {
        const result = await runSideBySide(group.topology.gateway, direct, all, {
          begin: () => {
            relay.follow(failures)
          },
          end: () => {
            relay.follow([])
            relay.release()
          },
        })
        results[result]++
      }),
      { seed, numRuns, interruptAfterTimeLimit: 120_000, endOnFailure: false },
    )
    // it was tried, and most of it could be compared to its end
    assert.ok(relay.cuts.length - before > numRuns / 2, `${String(relay.cuts.length - before)} cuts`)
    assert.ok(results.same > results.open, JSON.stringify(results))
  })
