import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAdmin } from './admin.ts'
import { gatewayMetrics } from './metrics.ts'
import type { GatewayStatus } from './status.ts'

const host = '127.66.0.9'
const port = 6380

test('live, ready and health each say what they are for', async () => {
  const seen = { primary: null as string | null, reachable: false, confirms: true, stopping: false }
  const status = (): GatewayStatus => ({
    name: 'gateway',
    sessions: 0,
    parked: 0,
    inFlight: 0,
    unconfirmed: 0,
    primary: seen.primary,
    epoch: null,
    members: [],
    reachable: seen.reachable,
    holding: false,
    sentinels: [],
    majorities: [],
  })
  const metrics = gatewayMetrics(status)
  const admin = await startAdmin({
    host,
    port,
    status,
    metrics,
    check: () => Promise.resolve(seen.confirms),
    stopping: () => seen.stopping,
  })
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`http://${host}:${port}${path}`)
    return `${response.status} ${(await response.text()).trim()}`
  }
  const all = async (): Promise<string[]> => [await get('/live'), await get('/ready'), await get('/health')]
  try {
    const never = '503 no primary was found since it started'
    assert.deepEqual(await all(), ['200 ok', never, '503 no primary is known'])

    seen.primary = 'redis-0'
    seen.reachable = true
    metrics.primaries.inc()
    assert.deepEqual(await all(), ['200 ok', '200 ok', '200 ok'])

    // A failover: commands wait here, so clients must still be sent here.
    seen.reachable = false
    assert.deepEqual(await all(), ['200 ok', '200 ok', '503 redis-0 does not answer'])
    seen.primary = null
    assert.deepEqual(await all(), ['200 ok', '200 ok', '503 no primary is known'])

    seen.primary = 'redis-1'
    seen.reachable = true
    seen.confirms = false
    assert.match(await get('/health'), /^503 redis-1 and those that must have its writes do not confirm/)

    seen.stopping = true
    assert.deepEqual((await all()).slice(0, 2), ['200 ok', '503 it is stopping'])

    assert.match(await get('/status'), /^200 \{.*"primary":"redis-1"/)
    assert.match(await get('/metrics?x=1'), /^200 # HELP holdfast_gateway_sessions /)
    assert.equal((await get('/shutdown')).slice(0, 3), '404')
  } finally {
    await admin.stop()
  }
})
