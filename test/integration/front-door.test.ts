import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findProgram } from '../../src/platform/run-program.ts'
import { renderHaproxyCfg } from '../../src/render/haproxy-cfg.ts'
import { parseSpec } from '../../src/spec/parse.ts'
import { buildTopology } from '../../src/topology/build.ts'
import { ownAddresses } from '../harness/command-line.ts'
import { eventually } from '../harness/eventually.ts'

const haproxy = findProgram(['haproxy'], process.env)
if (haproxy === null && process.env.CI) throw new Error('haproxy is missing (apt-get install haproxy)')

/** Less than any pause that clients survive, more than a check had before. */
const slowMs = 800

test('instances whose Redis answers late go on serving', { skip: haproxy === null }, async (t) => {
  const place = ownAddresses()
  let checks = 0
  const instance = createServer((request, response) => {
    if (request.url !== '/ping') {
      response.end('served')
      return
    }
    setTimeout(() => {
      checks += 1
      response.end()
    }, slowMs)
  })
  instance.listen(place.appPort, '127.0.0.1')
  await once(instance, 'listening')
  const spec = `app: {port: ${place.appPort}, instances: 1}\nfrontDoor: {listen: "${place.frontDoor}"}`
  const topology = buildTopology(parseSpec(spec, 'holdfast.yaml'), tmpdir())
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-front-door-'))
  const file = join(directory, 'haproxy.cfg')
  const options = {
    runtimeSocket: `unix@${directory}/x.sock`,
    ready: [0],
    listenFd: null,
    maxConnections: 100,
  }
  await writeFile(file, renderHaproxyCfg(topology, options))
  const server = spawn(haproxy ?? '', ['-db', '-f', file], { stdio: 'ignore' })
  t.after(async () => {
    server.kill('SIGKILL')
    instance.close()
    instance.closeAllConnections()
    await rm(directory, { recursive: true })
  })
  await eventually('four checks', 20_000, () => Promise.resolve(checks >= 4 || `${checks} checks`))
  const response = await fetch(`http://${place.frontDoor}/x`, { signal: AbortSignal.timeout(5000) })
  assert.equal(await response.text(), 'served')
})
