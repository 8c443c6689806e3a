import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startGatewayNodes, type GatewayNodes } from '../harness/gateway-nodes.ts'

/** What broke earlier designs, each as a scenario: nothing acknowledged is lost, and one primary remains. */

/** Signals processes of the nodes; a killed or stopped one is what the test is about. */
function signalAll({ set }: GatewayNodes, components: readonly string[], signal: NodeJS.Signals): void {
  for (const component of components) set.kill(component, signal)
}

const partsOf = (...nodes: readonly number[]) =>
  nodes.flatMap((node) => [`agent-${String(node)}`, `sentinel-${String(node)}`, `redis-${String(node)}`])

test('a primary that hangs and wakes while it is being replaced, at three moments of that, is never believed again', async (t) => {
  const nodes = await startGatewayNodes(t)
  let primary = nodes.first
  for (const moment of ['+odown', '+selected-slave', '+promoted-slave']) {
    const reached = nodes.sentinelEvent(moment)
    const hanging = nodes.set.process(`redis-${String(primary)}`)
    process.kill(hanging.pid, 'SIGSTOP')
    await reached
    process.kill(hanging.pid, 'SIGCONT')
    await nodes.load.answered(100)
    // Woken before anybody was chosen, it may stay.
    ;({ primary } = await nodes.set.settled(moment === '+odown' ? {} : { not: primary }))
  }
  await nodes.close()
})

test('a hung primary is killed while the sentinels elect, and somebody forces a failover beside the election', async (t) => {
  const nodes = await startGatewayNodes(t)
  const electing = nodes.sentinelEvent('+try-failover')
  nodes.set.kill(`redis-${String(nodes.first)}`, 'SIGSTOP')
  await electing
  nodes.set.kill(`redis-${String(nodes.first)}`)
  await Promise.all(
    [0, 1, 2].map((node) => nodes.askSentinel(node, 'SENTINEL', 'FAILOVER', 'counter').catch(() => null)),
  )
  await nodes.close({ not: nodes.first })
})

test('a failover forced from a minority of five promotes a node that never serves', async (t) => {
  const nodes = await startGatewayNodes(t, { nodes: 5 })
  const minority = [0, 1]
  const majority = [2, 3, 4]
  signalAll(nodes, partsOf(...majority), 'SIGSTOP')
  nodes.set.kill('redis-0')
  await eventually('a promotion by the minority', 15_000, async () => {
    await nodes.askSentinel(1, 'SENTINEL', 'FAILOVER', 'counter').catch(() => null)
    const [role] = (await nodes.ask(1, 'ROLE')) as [string]
    return role === 'master' || role
  })
  const states = await nodes.set.states()
  assert.deepEqual(
    minority.map((node) => states[node]?.reign ?? null),
    [null, null],
  )
  signalAll(nodes, partsOf(1), 'SIGSTOP')
  signalAll(nodes, ['agent-0', 'sentinel-0'], 'SIGSTOP')
  signalAll(nodes, partsOf(...majority), 'SIGCONT')
  await nodes.load.answered(50)
  signalAll(nodes, [...partsOf(1), 'agent-0', 'sentinel-0'], 'SIGCONT')
  await nodes.close()
})

for (const promotedByHand of [false, true]) {
  const how = promotedByHand ? 'even when somebody promotes it' : 'when the sentinels choose'
  test(`a replica that lags behind does not replace the primary, ${how}`, async (t) => {
    const nodes = await startGatewayNodes(t)
    assert.equal(nodes.first, 0)
    nodes.set.kill('redis-2', 'SIGSTOP')
    await eventually('it left the set', 10_000, () => {
      const { members } = nodes.gateway.status()
      return String(members) === 'redis-1' || String(members)
    })
    await nodes.load.answered(50)
    nodes.set.kill('redis-0')
    nodes.set.kill('redis-2', 'SIGCONT')
    if (promotedByHand) await nodes.ask(2, 'REPLICAOF', 'NO', 'ONE')
    await nodes.load.answered(50)
    assert.equal(nodes.gateway.status().primary, 'redis-1')
    await nodes.close({ not: 0 })
  })
}

test('three nodes restarted from their append-only files, with other agents, go on where they were', async (t) => {
  const nodes = await startGatewayNodes(t)
  nodes.set.killAll()
  for (const node of [2, 0, 1]) await nodes.set.startAgent(node)
  await nodes.load.answered(50)
  await nodes.close()
})

test('sentinels that were suspended do not keep a dead primary from being replaced', async (t) => {
  const nodes = await startGatewayNodes(t)
  const sentinels = ['sentinel-0', 'sentinel-1', 'sentinel-2']
  signalAll(nodes, sentinels, 'SIGSTOP')
  await delay(3000) // The suspension itself: Sentinel takes two seconds and more for a jump of the clock (TILT).
  signalAll(nodes, sentinels, 'SIGCONT')
  nodes.set.kill(`redis-${String(nodes.first)}`)
  await nodes.close({ not: nodes.first })
})

test('an emptied replica next to a dead primary is never promoted to serve; with one that has the data it goes on', async (t) => {
  const nodes = await startGatewayNodes(t)
  signalAll(nodes, ['agent-1', 'redis-1', ...partsOf(2), 'agent-0', 'redis-0'], 'SIGKILL')
  await rm(join(nodes.set.stateDir, 'nodes', '2'), { recursive: true })
  await nodes.set.startAgent(2)
  await eventually('clients are told', 20_000, () => {
    return nodes.load.errors().some((why) => why.startsWith('TRYAGAIN ')) || nodes.load.errors().join()
  })
  const [role] = (await nodes.ask(2, 'ROLE')) as [string]
  const [, , emptied] = await nodes.set.states()
  assert.equal(role, 'slave')
  assert.equal(emptied?.reign, null)
  await nodes.set.startAgent(1)
  await nodes.set.startAgent(0)
  await nodes.close({ not: 2 })
})

test('writes paused for longer than the sentinels wait: they fail over by themselves, and nothing is lost', async (t) => {
  const nodes = await startGatewayNodes(t)
  await nodes.ask(nodes.first, 'CLIENT', 'PAUSE', '5000', 'WRITE')
  await nodes.load.answered(100)
  await nodes.close()
})

test('a node that was promoted while its agent hangs does not hold up the others', async (t) => {
  const nodes = await startGatewayNodes(t)
  const selected = nodes.sentinelEvent('+selected-slave')
  nodes.set.kill(`redis-${String(nodes.first)}`)
  const agent = `agent-${String(nodeIn(nodes, await selected))}`
  nodes.set.kill(agent, 'SIGSTOP')
  await nodes.load.answered(50)
  nodes.set.kill(agent, 'SIGCONT')
  await nodes.close()
})

test('a survivor that hangs during the gate does not hold up the others', async (t) => {
  const nodes = await startGatewayNodes(t)
  const selected = nodes.sentinelEvent('+selected-slave')
  nodes.set.kill(`redis-${String(nodes.first)}`)
  const promoted = nodeIn(nodes, await selected)
  const survivor = 3 - promoted - nodes.first
  signalAll(nodes, partsOf(survivor), 'SIGSTOP')
  await nodes.load.answered(50)
  signalAll(nodes, partsOf(survivor), 'SIGCONT')
  await nodes.close()
})

/** The node whose address a sentinel's event begins with: `slave 127.0.1.2:6379 127.0.1.2 6379 @ …`. */
function nodeIn({ set }: GatewayNodes, text: string): number {
  const found = set.topology.nodes.find(({ address }) => text.startsWith(`slave ${address}:`))
  assert.ok(found, text)
  return found.index
}
