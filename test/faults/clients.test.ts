import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertDataIs } from '../harness/client-data.ts'
import { clientPrograms } from '../harness/client-programs.ts'
import { startGatewayNodes } from '../harness/gateway-nodes.ts'
import { killPrimary, switchOver } from '../harness/primary-faults.ts'
import { sceneOf, startClients } from '../harness/running-clients.ts'

test('clients that nobody changed see one Redis that pauses: a switchover, and a primary that dies', async (t) => {
  const nodes = await startGatewayNodes(t, { clients: 1 })
  // Each client with one protocol; the long test has both.
  const other = ['ioredis-2', 'node-redis-3', 'redis-cli-3', 'redis-benchmark-2', 'hiredis-3']
  const programs = clientPrograms(nodes.set.stateDir).filter(({ name }) => !other.includes(name))
  const clients = await startClients(t, programs, sceneOf(nodes))
  for (const befall of [switchOver, killPrimary]) {
    await befall(nodes)
    await clients.goOn()
  }
  const { wrong, done } = await clients.finish()
  assert.deepEqual(wrong, [])
  await nodes.close()
  await assertDataIs(nodes, done)
})
