import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { HoldfastError } from '../../src/errors.ts'
import { findManaged } from '../../src/platform/managed-process.ts'
import { findProgram } from '../../src/platform/run-program.ts'
import { localDeployment } from '../harness/local-deployment.ts'

const network = 5

function says(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HoldfastError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, pattern)
    assert.ok(error.hint)
    return true
  }
}

describe('up on a machine where something is wrong', { timeout: 120_000 }, () => {
  test('a port in use: names port, process and field, and starts nothing', async (t) => {
    const deployment = localDeployment(t, network)
    const server = createServer().listen(6379, `127.30.${String(network)}.101`)
    await once(server, 'listening')
    const where = new RegExp(
      `127\\.30\\.5\\.101:6379 \\(gateway, gateway\\.listen in the spec\\) is in use by pid ${String(process.pid)} `,
    )
    await assert.rejects(deployment.up(), says('PORT_IN_USE', where))
    assert.deepEqual(findManaged(deployment.stateDir), [])
    server.close()
  })

  test('a state directory that is a file', async (t) => {
    const deployment = localDeployment(t, network)
    mkdirSync(dirname(deployment.stateDir), { recursive: true })
    writeFileSync(deployment.stateDir, '')
    await assert.rejects(deployment.up(), says('STATE_UNWRITABLE', /cannot write in .*local-5/))
  })

  test(
    'a state directory that cannot be written',
    { skip: process.getuid?.() === 0 && 'root may write anywhere' },
    async (t) => {
      const deployment = localDeployment(t, network)
      mkdirSync(deployment.stateDir, { recursive: true })
      chmodSync(deployment.stateDir, 0o500)
      await assert.rejects(deployment.up(), says('STATE_UNWRITABLE', /cannot write in .*local-5/))
      chmodSync(deployment.stateDir, 0o700)
    },
  )

  test('a redis-server that is too old', async (t) => {
    const deployment = localDeployment(t, network)
    const { PATH } = process.env
    t.after(() => {
      process.env.PATH = PATH
    })
    // A directory of ours comes first: what it holds is found, and says nothing of a version.
    const bin = join(dirname(deployment.stateDir), 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'redis-server'), '#!/bin/sh\necho "Redis server v=6.2.9 sha=0"\n', {
      mode: 0o755,
    })
    process.env.PATH = `${bin}:${PATH ?? ''}`
    await assert.rejects(
      deployment.up(),
      says('BINARY_TOO_OLD', /redis-server is version 6\.2; 7\.0 or newer is needed/),
    )
  })

  test('a redis-server that is late at the very first start: it begins all the same', async (t) => {
    const deployment = localDeployment(t, network)
    const { PATH } = process.env
    t.after(() => {
      process.env.PATH = PATH
    })
    const real = findProgram(['redis-server', 'valkey-server'], process.env) ?? ''
    const bin = join(dirname(deployment.stateDir), 'bin')
    mkdirSync(bin, { recursive: true })
    const late = `#!/bin/sh\ncase "$*" in *nodes/2/redis.conf*) sleep 1.5 ;; esac\nexec ${real} "$@"\n`
    writeFileSync(join(bin, 'redis-server'), late, { mode: 0o755 })
    process.env.PATH = `${bin}:${PATH ?? ''}`
    await deployment.up()
    await deployment.healthy()
  })

  test('other settings than what runs can take: refused in words, and it runs on', async (t) => {
    const deployment = localDeployment(t, network)
    await deployment.up()
    assert.equal(statSync(deployment.stateDir).mode & 0o777, 0o700)
    const password = readFileSync(join(deployment.stateDir, 'secrets', 'password'), 'utf8')
    assert.match(password, /^[\w-]{32}$/)
    const stranger = createServer().listen(6379, `127.30.${String(network)}.5`)
    await once(stranger, 'listening')
    await assert.rejects(deployment.up('redis: {nodes: 5}'), says('PORT_IN_USE', /\.5:6379 \(redis-4/))
    stranger.close()
    assert.equal((await deployment.target.observe()).nodes.length, 3)
    const changed = deployment.up(undefined, 'another password')
    await assert.rejects(changed, says('SECRET_INVALID', /another one than the running nodes have/))
    await deployment.healthy()

    await t.test('a second deployment beside it', async (t) => {
      const second = localDeployment(t, network + 1)
      const pids = () => findManaged(deployment.stateDir).map(({ component, pid }) => [component, pid])
      const before = pids()
      await second.up()
      assert.equal(await (await fetch(`${second.url}/one`)).text(), '{"count":1}')
      assert.deepEqual(pids(), before)
    })
  })
})
