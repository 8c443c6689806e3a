import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../errors.ts'
import { findManaged, spawnManaged, type ManagedSpec } from './managed-process.ts'
import { ownProcesses } from './proc.ts'

let deployment: string

beforeEach(() => {
  deployment = mkdtempSync(join(tmpdir(), 'managed-process-'))
})

afterEach(async () => {
  await Promise.all(findManaged(deployment).map((found) => found.stop({ graceMs: 0 })))
  assert.deepEqual(findManaged(deployment), [])
  rmSync(deployment, { recursive: true })
})

function shell(component: string, script: string, more: Partial<ManagedSpec> = {}): ManagedSpec {
  return {
    component,
    deployment,
    argv: ['/bin/sh', '-c', script],
    env: { PATH: process.env.PATH ?? '' },
    logFile: join(deployment, 'logs', `${component}.log`),
    ...more,
  }
}

async function eventually(what: string, check: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!check()) {
    await delay(10)
    assert.ok(performance.now() < deadline, `not within 5 s: ${what}`)
  }
}

const logOf = (component: string) => readFileSync(join(deployment, 'logs', `${component}.log`), 'utf8')

describe('spawnManaged', () => {
  test('runs in a session of its own, with its own environment only, its output in a private log', async () => {
    const child = await spawnManaged(shell('app-0', 'env; echo problem >&2; exit 3'))
    assert.deepEqual(await child.exited, { code: 3, signal: null })
    assert.equal(child.alive(), false)
    const log = logOf('app-0')
    assert.match(log, /problem/)
    assert.match(log, new RegExp(`HOLDFAST_SUPERVISED=${deployment}:app-0`))
    assert.doesNotMatch(log, /^HOME=/m)
    assert.equal(statSync(join(deployment, 'logs', 'app-0.log')).mode & 0o777, 0o600)
  })

  test('says which program is missing, which is not executable and which directory does not exist', async () => {
    const missing = spawnManaged(shell('app-0', '', { argv: ['/no/such/program'] }))
    await assert.rejects(
      missing,
      (error) => error instanceof HoldfastError && error.code === 'BINARY_MISSING',
    )
    const program = join(deployment, 'program')
    writeFileSync(program, '', { mode: 0o600 })
    const forbidden = spawnManaged(shell('app-0', '', { argv: [program] }))
    await assert.rejects(forbidden, /cannot start .*program: it is not executable/)
    await assert.rejects(spawnManaged(shell('app-0', '', { cwd: '/no/such' })), /\/no\/such does not exist/)
  })

  test('hands descriptors on from 3', async () => {
    const server = createServer()
    server.listen(0, '127.30.0.9')
    await once(server, 'listening')
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    const child = await spawnManaged(shell('app-0', 'readlink /proc/self/fd/3', { extraFds: [fd] }))
    await child.exited
    server.close()
    assert.match(logOf('app-0'), /^socket:/)
  })
})

describe('stop', () => {
  test('wakes a stopped process so that it can end orderly', async () => {
    const child = await spawnManaged(
      shell('app-0', 'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done'),
    )
    await eventually('ready', () => logOf('app-0').includes('ready'))
    process.kill(child.pid, 'SIGSTOP')
    await child.stop({ graceMs: 5000 })
    assert.deepEqual(await child.exited, { code: 0, signal: null })
    assert.match(logOf('app-0'), /bye/)
  })

  test('kills what ignores SIGTERM, and what its children started', async () => {
    const child = await spawnManaged(
      shell('app-0', 'trap "" TERM; (trap "" TERM; sleep 300) & echo ready; wait; sleep 300'),
    )
    await eventually('ready', () => logOf('app-0').includes('ready'))
    await child.stop({ graceMs: 100 })
    assert.deepEqual(await child.exited, { code: null, signal: 'SIGKILL' })
    assert.deepEqual(
      ownProcesses().filter((stat) => stat.session === child.pid),
      [],
    )
  })

  test('never signals a process that has the pid but another start time', async () => {
    const child = await spawnManaged(shell('app-0', 'sleep 300'))
    const [found] = findManaged(deployment)
    assert.equal(found?.startTime, child.startTime)
    await child.stop({ graceMs: 1000 })
    await found.stop({ graceMs: 0 })
    assert.equal(found.alive(), false)
  })
})

describe('findManaged', () => {
  test('adopts a leader, notices its exit and names it', async () => {
    const child = await spawnManaged(shell('app-0', 'sleep 300 & sleep 300'))
    const found = findManaged(deployment)
    assert.deepEqual(
      found.map(({ component, pid, stray }) => ({ component, pid, stray })),
      [{ component: 'app-0', pid: child.pid, stray: false }],
    )
    process.kill(child.pid, 'SIGKILL')
    const keepAlive = setInterval(() => undefined, 1000)
    assert.deepEqual(await found[0]?.exited, { adopted: true })
    clearInterval(keepAlive)
  })

  test('lists what a dead leader left behind as strays, even when it hides its tag', async () => {
    const child = await spawnManaged(shell('app-0', 'sleep 300 & env -i /bin/sleep 301 & echo ready; wait'))
    await eventually('ready', () => logOf('app-0').includes('ready'))
    process.kill(child.pid, 'SIGKILL')
    await child.exited
    const strays = findManaged(deployment)
    assert.deepEqual(
      strays.map(({ component, stray }) => ({ component, stray })),
      [
        { component: 'app-0', stray: true },
        { component: 'app-0', stray: true },
      ],
    )
  })

  test('knows nothing of another deployment', async () => {
    await spawnManaged(shell('app-0', 'sleep 300'))
    assert.deepEqual(findManaged(`${deployment}-other`), [])
    assert.deepEqual(findManaged(deployment.slice(0, -1)), [])
  })
})
