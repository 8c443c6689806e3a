import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertDataIs } from '../../harness/client-data.ts'
import { clientPrograms } from '../../harness/client-programs.ts'
import { startGatewayNodes } from '../../harness/gateway-nodes.ts'
import { hangPrimary, killPrimary, switchOver } from '../../harness/primary-faults.ts'
import { sceneOf, startClients } from '../../harness/running-clients.ts'

const faults = {
  'kill -9': [killPrimary, killPrimary, killPrimary, killPrimary, killPrimary, killPrimary],
  SIGSTOP: [hangPrimary(3000), hangPrimary(4000), hangPrimary(5000), hangPrimary(6000)],
  switchovers: [switchOver, switchOver, switchOver, switchOver, switchOver, switchOver],
  'one after another': [
    killPrimary,
    switchOver,
    hangPrimary(3000),
    switchOver,
    killPrimary,
    hangPrimary(6000),
  ],
}

for (const [name, befall] of Object.entries(faults))
  test(`${name}: clients that nobody changed see one Redis that pauses`, async (t) => {
    const nodes = await startGatewayNodes(t, { clients: 1 })
    const programs = clientPrograms(nodes.set.stateDir)
    const clients = await startClients(t, programs, sceneOf(nodes))
    for (const strike of befall) {
      await strike(nodes)
      await clients.goOn()
    }
    const { wrong, done } = await clients.finish()
    assert.deepEqual(wrong, [])
    await nodes.close()
    await assertDataIs(nodes, done)
  })
