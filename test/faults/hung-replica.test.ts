import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startGatewayNodes } from '../harness/gateway-nodes.ts'

test('a replica that hangs leaves the in-sync set once, and is taken back when it acknowledges again', async (t) => {
  // One client, so that the replica does not fall far behind: its bytes alone do not tell that it hangs.
  const nodes = await startGatewayNodes(t, { clients: 1 })
  const { load, set, first } = nodes
  const hung = first === 0 ? 1 : 0
  const record = async () => {
    const found = (await set.states())[first]?.redis.record
    assert.ok(found)
    return found
  }
  set.kill(`redis-${hung}`, 'SIGSTOP')
  const left = await eventually('it is written out', 10_000, async () => {
    const { members, version } = await record()
    return members.includes(hung) ? String(members) : { version }
  })
  await load.answered(1000)
  assert.equal((await record()).version, left.version, 'nobody came or went')
  set.kill(`redis-${hung}`, 'SIGCONT')
  await eventually('it is a member again', 10_000, async () => {
    const { members } = await record()
    return members.includes(hung) || String(members)
  })
  await nodes.close()
})
