import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { freePort } from '../../../test/harness/bare-redis.ts'
import { eventually } from '../../../test/harness/eventually.ts'
import { createLogger } from '../../platform/log.ts'
import { findManaged } from '../../platform/managed-process.ts'
import { ownProcesses, readVariable } from '../../platform/proc.ts'
import { HeldSockets } from './held-sockets.ts'
import { localPaths } from './paths.ts'
import { inheritedSockets, Standby, standbySpec } from './standby.ts'

const host = '127.30.0.19'
let stateDir: string

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'standby-'))
  const paths = localPaths(stateDir)
  mkdirSync(paths.run)
  writeFileSync(paths.wanted, '')
})

afterEach(async () => {
  await Promise.all(findManaged(stateDir).map((found) => found.stop({ graceMs: 0 })))
  rmSync(stateDir, { recursive: true })
})

const only = (component: string) => {
  const found = findManaged(stateDir).filter((each) => each.component === component)
  return found.length === 1 ? (found[0]?.pid ?? null) : null
}

test('it waits as long as whoever started it lives, and another takes its place when it is killed', async (t) => {
  const sockets = new HeldSockets()
  const standby = new Standby({
    paths: localPaths(stateDir),
    log: createLogger('test'),
    sockets: () => sockets.descriptors,
  })
  t.after(async () => {
    await standby.end()
    sockets.close()
  })
  standby.begin()
  const first = await eventually('a standby', 10_000, () => only('standby') ?? 'none')
  process.kill(first, 'SIGKILL')
  const second = await eventually('another standby', 10_000, () => {
    const pid = only('standby')
    return pid === null || pid === first ? 'none' : pid
  })

  sockets.hold('gateway', { host, port: await freePort(host) })
  await standby.renew()
  const third = await eventually('a standby that shares the socket', 10_000, () => {
    const pid = only('standby')
    return pid === null || pid === second ? 'none' : pid
  })
  const held = inheritedSockets({ HOLDFAST_HELD_SOCKETS: readVariable(third, 'HOLDFAST_HELD_SOCKETS') ?? '' })
  assert.deepEqual(
    held.map(({ component, fd }) => [component, fd]),
    [['gateway', 3]],
  )
  await standby.renew()
  assert.equal(only('standby'), third)
  await standby.end()
  assert.deepEqual(findManaged(stateDir), [])
})

for (const isWanted of [true, false]) {
  test(`its starter killed, it ${isWanted ? 'is the supervisor' : 'ends: nobody wants one any more'}`, async () => {
    const paths = localPaths(stateDir)
    if (!isWanted) rmSync(paths.wanted)
    const { argv, env } = standbySpec(paths, [])
    const output = join(stateDir, 'output')
    const spec = JSON.stringify({ argv, env })
    // A supervisor's stand-in: it starts the standby and lives until it is killed.
    const starter = spawn(
      process.execPath,
      [
        '-e',
        `const { argv: [program, ...args], env } = ${spec}
         require('node:child_process').spawn(program, args, { detached: true, stdio: ['pipe', 1, 1], env: { ...env, HOLDFAST_SUPERVISED: ${JSON.stringify(`${stateDir}:standby`)} } })
         setInterval(() => {}, 1000)`,
      ],
      { stdio: ['ignore', openSync(output, 'a'), 'ignore'] },
    )
    const pid = await eventually('a standby', 10_000, () => only('standby') ?? 'none')
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    if (isWanted) {
      // As which it finds that there is no deployment.
      await eventually(
        'the supervisor',
        10_000,
        () => readFileSync(output, 'utf8').includes('no deployment') || 'none',
      )
    } else {
      await eventually(
        'its end',
        10_000,
        () => ownProcesses().every((each) => each.pid !== pid) || 'it is there',
      )
    }
  })
}
