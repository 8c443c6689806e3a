import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { startGateway } from '../../src/gateway/gateway.ts'
import type { BareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'
import { cleanAs, gatewaySettings, startDirect } from '../harness/direct-redis.ts'
import { quietLog, RedisGroup } from '../harness/redis-group.ts'
import { runSideBySide } from '../harness/side-by-side.ts'
import { steps } from '../model/client-calls.ts'

/** Others than those that every run tries: HOLDFAST_SEED=…, and HOLDFAST_RUNS for more of each. */
const seeds = process.env.HOLDFAST_SEED === undefined ? [1, 2] : [Number(process.env.HOLDFAST_SEED)]
const numRuns = Number(process.env.HOLDFAST_RUNS ?? 40)

for (const [clients, block] of [
  ['everything', 69],
  ['application', 88],
] as const)
  describe(`clients that may ${clients === 'everything' ? clients : 'what applications may'}`, () => {
    const group = new RedisGroup({ block, clients })
    let direct: BareRedis
    let stopGateway = (): Promise<void> => Promise.resolve()

    before(async () => {
      direct = await startDirect(clients, `127.${String(block)}.251.1`)
      await group.start()
      const gateway = await startGateway({
        topology: group.topology,
        ...gatewaySettings(clients),
        passwordRequired: true,
        log: quietLog,
      })
      stopGateway = () => gateway.stop(100)
      await eventually(
        'a primary',
        10_000,
        () => gateway.status().reachable || JSON.stringify(gateway.status()),
      )
    })

    after(async () => {
      await stopGateway()
      await group.stop()
      await direct.stop()
    })

    for (const seed of seeds)
      test(`random sessions: the bytes that a Redis gives, and the data (HOLDFAST_SEED=${String(seed)})`, async () => {
        await fc.assert(
          fc.asyncProperty(steps, async (all) => {
            await runSideBySide(group.topology.gateway, direct, all, null, cleanAs(clients))
          }),
          { seed, numRuns, interruptAfterTimeLimit: 120_000, endOnFailure: false },
        )
      })
  })
