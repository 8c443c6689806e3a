import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startNodeSet } from '../harness/node-set.ts'

test('a primary that had already stopped answering when it died is replaced by its agent, not when the sentinels notice', async (t) => {
  const set = await startNodeSet(t)
  const { primary } = await set.settled()
  // The same as when the connection breaks a moment before the agent hears that the process has exited, only that it lasts.
  set.kill(`redis-${String(primary)}`, 'SIGSTOP')
  await eventually('its agent has looked in vain', 5000, async () => {
    const { doing } = await set.agents.state(primary)
    return doing === 'waits for redis-server to answer' || doing
  })
  set.kill(`redis-${String(primary)}`)
  await set.settled({ not: primary })
  const log = await readFile(join(set.stateDir, 'logs', `agent-${String(primary)}.log`), 'utf8')
  assert.match(log, /the primary is gone: asked for a failover/)
})
