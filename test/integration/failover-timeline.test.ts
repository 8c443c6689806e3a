import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Discovery } from '../../src/discovery/discovery.ts'
import type { Primary } from '../../src/discovery/options.ts'
import { FailoverTimeline } from '../../src/gateway/failover-timeline.ts'
import { controlChannel } from '../../src/insync/record.ts'
import { eventually } from '../harness/eventually.ts'
import { startNodeSet } from '../harness/node-set.ts'

test('one line a failover: of a primary that is killed, and of a switchover', async (t) => {
  const set = await startNodeSet(t)
  const credentials = { user: 'holdfast', password: set.secrets.internal }
  const timeline = new FailoverTimeline()
  const lines: (readonly [Primary, ReturnType<FailoverTimeline['resumed']>])[] = []
  const discovery: Discovery = new Discovery({
    topology: set.topology,
    nodeCredentials: credentials,
    sentinelCredentials: credentials,
    now: () => performance.now(),
    onMoment: (moment, atMs) => {
      timeline.add(moment, atMs)
    },
    onPrimary: (primary) => {
      lines.push([primary, timeline.resumed(performance.now())])
    },
    onOver: () => undefined,
    onLink: (up) => {
      if (up) timeline.recovered()
    },
    onControl: (message) => {
      const held = JSON.stringify({ ...(JSON.parse(message) as object), type: 'held', gateway: 'this one' })
      if (message.includes('"hold"'))
        discovery.connection?.send([['PUBLISH', controlChannel, held]]).catch(() => undefined)
    },
    onNote: () => undefined,
  })
  t.after(() => {
    discovery.stop()
  })
  const { primary: first } = await set.settled()
  await eventually('the first primary', 5000, () => lines.length === 1 || `${String(lines.length)} lines`)
  assert.equal(lines[0]?.[1], null, 'the first primary is no failover')

  set.kill(`redis-${String(first)}`)
  const { primary: second } = await set.settled({ not: first })
  await set.agents.switchover(second, undefined)
  await set.settled({ not: second })
  for (const [primary, line] of lines.slice(1)) {
    t.diagnostic(`redis-${String(primary.node)}: ${JSON.stringify(line)}`)
    assert.ok(line !== null)
    const { electedMs, selectedMs, masterMs, takenMs, resumedMs, pausedMs } = line
    assert.ok(electedMs !== null && selectedMs !== null && masterMs !== null && takenMs !== null)
    assert.ok(
      electedMs <= selectedMs && selectedMs <= masterMs && masterMs <= takenMs && takenMs <= resumedMs,
    )
    assert.ok(pausedMs >= 0 && pausedMs <= resumedMs)
  }
  assert.equal(lines.length, 3, JSON.stringify(lines))
  assert.notEqual(lines[1]?.[1]?.lostMs, null, 'the death was noticed')
})
