import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { partsOf, startGatewayNodes } from '../../harness/gateway-nodes.ts'

// What broke earlier designs, as ../experiments.test.ts.

test('a primary that hangs and wakes sooner or later while it is being replaced is never believed again', async (t) => {
  const nodes = await startGatewayNodes(t)
  let primary = nodes.first
  for (const moment of ['+odown', '+promoted-slave']) {
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
  nodes.signal(partsOf(...majority), 'SIGSTOP')
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
  nodes.signal(partsOf(1), 'SIGSTOP')
  nodes.signal(['agent-0', 'sentinel-0'], 'SIGSTOP')
  nodes.signal(partsOf(...majority), 'SIGCONT')
  await nodes.load.answered(50)
  nodes.signal([...partsOf(1), 'agent-0', 'sentinel-0'], 'SIGCONT')
  await nodes.close()
})

test('a replica that lags behind does not replace the primary when the sentinels choose it, nor the one that does later', async (t) => {
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
  await nodes.load.answered(50)
  assert.equal(nodes.gateway.status().primary, 'redis-1')
  const { primary } = await nodes.close({ not: 0 })
  assert.equal(primary, 1)
  // The failover that chose it must not be tried again once it has caught up.
  const log = await readFile(join(nodes.set.stateDir, 'logs', 'agent-2.log'), 'utf8')
  assert.doesNotMatch(log, /"msg":"serves"/)
})

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
  nodes.signal(sentinels, 'SIGSTOP')
  await delay(3000) // The suspension itself: Sentinel takes two seconds and more for a jump of the clock (TILT).
  nodes.signal(sentinels, 'SIGCONT')
  nodes.set.kill(`redis-${String(nodes.first)}`)
  await nodes.close({ not: nodes.first })
})

test('an emptied replica next to a dead primary is never promoted to serve; with one that has the data it goes on', async (t) => {
  const nodes = await startGatewayNodes(t)
  nodes.signal(['agent-1', 'redis-1', ...partsOf(2), 'agent-0', 'redis-0'], 'SIGKILL')
  await rm(join(nodes.set.stateDir, 'nodes', '2'), { recursive: true })
  await nodes.set.startAgent(2)
  await eventually('clients are told', 20_000, () => {
    // what was in flight when everything died may or may not have run
    return (
      nodes.load.errors().some((why) => /^(?:TRYAGAIN|UNCERTAIN) /.test(why)) || nodes.load.errors().join()
    )
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
  const agent = `agent-${String(nodes.nodeIn(await selected))}`
  nodes.set.kill(agent, 'SIGSTOP')
  await nodes.load.answered(50)
  nodes.set.kill(agent, 'SIGCONT')
  await nodes.close()
})
