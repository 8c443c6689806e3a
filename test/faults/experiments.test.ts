import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { partsOf, startGatewayNodes } from '../harness/gateway-nodes.ts'

// What broke earlier designs, each as a scenario: nothing acknowledged is lost, and one primary remains. More in long/.

test('a primary that hangs and wakes when another is chosen is never believed again', async (t) => {
  const nodes = await startGatewayNodes(t)
  const chosen = nodes.sentinelEvent('+selected-slave')
  nodes.set.kill(`redis-${String(nodes.first)}`, 'SIGSTOP')
  await chosen
  nodes.set.kill(`redis-${String(nodes.first)}`, 'SIGCONT')
  await nodes.close({ not: nodes.first })
})

test('a replica that lags behind does not replace the primary, even when somebody promotes it', async (t) => {
  const nodes = await startGatewayNodes(t)
  assert.equal(nodes.first, 0)
  const { topology, secrets } = nodes.set
  const lagging = topology.nodes[2]
  assert.ok(lagging)
  const promoter = await RawClient.open(lagging.address, lagging.redisPort)
  t.after(() => {
    promoter.destroy()
  })
  promoter.send(`AUTH holdfast ${secrets.internal}\r\n`)
  await promoter.expect('+OK\r\n')
  nodes.set.kill('redis-2', 'SIGSTOP')
  await eventually('it left the set', 10_000, () => {
    const { members } = nodes.gateway.status()
    return String(members) === 'redis-1' || String(members)
  })
  await nodes.load.answered(50)
  // it is there when the node wakes up: a little later the node would be in the set of another primary, and may serve
  promoter.send('REPLICAOF NO ONE\r\n')
  nodes.set.kill('redis-0')
  nodes.set.kill('redis-2', 'SIGCONT')
  await promoter.expect('+OK\r\n')
  await nodes.load.answered(50)
  // Once it follows the next primary and is in sync the sentinels may choose it, and rightly so; not before.
  const log = await readFile(join(nodes.set.stateDir, 'logs', 'agent-2.log'), 'utf8')
  const first = log.split('\n').find((line) => line.includes('"msg":"gate"'))
  assert.ok(first !== undefined && !first.includes('"verdict":"serve"'), first)
  await nodes.close({ not: 0 })
})

test('a survivor that hangs during the gate does not hold up the others', async (t) => {
  const nodes = await startGatewayNodes(t)
  const selected = nodes.sentinelEvent('+selected-slave')
  nodes.set.kill(`redis-${String(nodes.first)}`)
  const promoted = nodes.nodeIn(await selected)
  const survivor = 3 - promoted - nodes.first
  nodes.signal(partsOf(survivor), 'SIGSTOP')
  await nodes.load.answered(50)
  nodes.signal(partsOf(survivor), 'SIGCONT')
  await nodes.close()
})
