import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkCounter } from '../../src/verify/checkers/counts.ts'
import { idsOf, readFinalCounts } from '../../src/verify/workloads/final-counts.ts'
import { runLoad } from '../../src/verify/workloads/http-load.ts'
import { freePort, startBareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'

/** The distribution's own, which has its package python3-redis; another one may come first in PATH. */
const python = '/usr/bin/python3'
const HOST = '127.20.3.1'
const APP = fileURLToPath(new URL('../../examples/python-counter/app.py', import.meta.url))

/** The example's only need beyond Python itself. */
function missing(): string | false {
  try {
    execFileSync(python, ['-c', 'import redis; redis.Redis'], { stdio: 'ignore' })
    return false
  } catch {
    if (process.env.CI) throw new Error('python3-redis is missing (apt install python3-redis)')
    return 'python3-redis is not installed'
  }
}

it('the Python example counts, and is found sound', { skip: missing() }, async () => {
  await using redis = await startBareRedis({ host: HOST, password: 'secret' })
  const port = await freePort(HOST)
  const app = spawn(python, [APP], {
    env: {
      ...process.env,
      HOST,
      PORT: String(port),
      REDIS_HOST: HOST,
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD: 'secret',
    },
    stdio: 'ignore',
  })
  try {
    const baseUrl = `http://${HOST}:${port}`
    await eventually('the app answers', 10_000, async () => {
      return (await fetch(`${baseUrl}/ping`)).ok || 'not healthy'
    })
    assert.deepEqual(await (await fetch(`${baseUrl}/a%20b`)).json(), { count: 1 })
    assert.equal((await fetch(`${baseUrl}/a/b`)).status, 404)
    const load = runLoad({ baseUrl, callers: 8, idPrefix: 'python:' })
    await load.answered(200)
    const history = await load.stop()
    const final = await readFinalCounts(idsOf(history), { host: HOST, port: redis.port, password: 'secret' })
    const { result, unknown } = checkCounter({ history, final })
    assert.deepEqual({ result, unknown }, { result: 'sound', unknown: 0 })
  } finally {
    const exited = once(app, 'exit')
    app.kill('SIGKILL')
    await exited
  }
})
