import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { startGateway } from '../../src/gateway/gateway.ts'
import { startBareRedis, type BareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'
import { runSideBySide } from '../harness/side-by-side.ts'
import { steps } from '../model/client-calls.ts'

/** Others than those that every run tries: HOLDFAST_SEED=…, and HOLDFAST_RUNS for more of each. */
const seeds = process.env.HOLDFAST_SEED === undefined ? [1, 2] : [Number(process.env.HOLDFAST_SEED)]
const numRuns = Number(process.env.HOLDFAST_RUNS ?? 40)

const group = new RedisGroup({ block: 69 })
let direct: BareRedis
let stopGateway = (): Promise<void> => Promise.resolve()

before(async () => {
  direct = await startBareRedis({ host: '127.69.251.1', password: clientPassword })
  await group.start()
  const gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  stopGateway = () => gateway.stop(100)
  await eventually('a primary', 10_000, () => gateway.status().reachable || JSON.stringify(gateway.status()))
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
        await runSideBySide(group.topology.gateway, direct, all)
      }),
      { seed, numRuns, interruptAfterTimeLimit: 120_000, endOnFailure: false },
    )
  })
