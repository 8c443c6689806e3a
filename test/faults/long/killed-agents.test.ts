import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { findManaged } from '../../../src/platform/managed-process.ts'
import { startGatewayNodes } from '../../harness/gateway-nodes.ts'
import { startNodeSet, type NodeSet } from '../../harness/node-set.ts'
import { randomFrom, type Random } from '../../model/random.ts'

/** Repeat a run with the HOLDFAST_SEED that it printed. */
const seed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 1_000_000)
const rounds = 5

/** Kills an agent 20 to 400 ms from now, whatever it is doing then, and starts another. */
async function killAgent(set: NodeSet, node: number, random: Random): Promise<void> {
  await delay(20 + random.below(380))
  const agent = findManaged(set.stateDir).find((each) => each.component === `agent-${String(node)}`)
  if (agent !== undefined) process.kill(agent.pid, 'SIGKILL')
  await agent?.exited
  await set.startAgent(node)
}

for (let round = 0; round < rounds; round += 1) {
  test(`agents killed during the very first start: it settles (seed ${String(seed + round)})`, async (t) => {
    const random = randomFrom(seed + round)
    const set = await startNodeSet(t, { start: false })
    await Promise.all(
      set.topology.nodes.map(async ({ index }) => {
        await set.startAgent(index)
        for (let kills = random.below(4); kills > 0; kills -= 1) await killAgent(set, index, random)
      }),
    )
    await set.settled({ withinMs: 45_000 })
  })
}

test(`agents killed during failovers: nothing is lost, and it settles (seed ${String(seed)})`, async (t) => {
  const random = randomFrom(seed)
  const nodes = await startGatewayNodes(t)
  const { set } = nodes
  let primary = nodes.first
  for (let round = 0; round < rounds; round += 1) {
    set.kill(`redis-${String(primary)}`)
    await Promise.all(
      set.topology.nodes.map(async ({ index }) => {
        for (let kills = random.below(3); kills > 0; kills -= 1) await killAgent(set, index, random)
      }),
    )
    await nodes.load.answered(50)
    ;({ primary } = await set.settled({ withinMs: 45_000 }))
  }
  await nodes.close()
})
