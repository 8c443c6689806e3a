import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Status } from '../../src/targets/status.ts'
import { checkCounter } from '../../src/verify/checkers/counts.ts'
import { idsOf, readFinalCounts } from '../../src/verify/workloads/final-counts.ts'
import { runLoad, type Load } from '../../src/verify/workloads/http-load.ts'
import { bareDeployment, noOwnDisk, type BareDeployment } from '../harness/bare-deployment.ts'
import { eventually } from '../harness/eventually.ts'
import { findManaged } from '../../src/platform/managed-process.ts'

const password = 'a password with a newline'
let loads = 0

async function startOn(t: TestContext, options: { disk?: string } = {}): Promise<BareDeployment> {
  const deployment = bareDeployment(t, options)
  deployment.writeSpec('redis: {password: {file: secret}}', { secret: `${password}\n` })
  const { exitCode, stderr } = await deployment.run(['up'])
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /notice: removed the newline at the end of the file .*\/secret \(redis\.password\)/)
  return deployment
}

function loadOn({ url }: BareDeployment): Load {
  loads += 1
  return runLoad({ baseUrl: url, callers: 4, ratePerSecond: 80, idPrefix: `load${String(loads)}-` })
}

/** Until it is healthy: one primary, all in sync, sentinels agree. Then every count is held against what was answered. */
async function closing(deployment: BareDeployment, load: Load): Promise<void> {
  await healthy(deployment)
  await load.answered(20)
  const history = await load.stop()
  const [host = '', port = ''] = deployment.place.gateway.split(':')
  const final = await readFinalCounts(idsOf(history), { host, port: Number(port), password })
  const verdict = checkCounter({ history, final })
  assert.deepEqual(verdict.anomalies.slice(0, 3), [])
  assert.equal(verdict.result, 'sound')
}

function healthy(deployment: BareDeployment): Promise<Status> {
  return eventually('a healthy deployment', 60_000, async () => {
    const status = await deployment.readStatus()
    return status.state === 'healthy' ? status : JSON.stringify(status.problems)
  })
}

function problem(deployment: BareDeployment, code: string): Promise<Status['problems'][number]> {
  return eventually(`the problem ${code}`, 30_000, async () => {
    const { problems } = await deployment.readStatus()
    return problems.find((each) => each.code === code) ?? JSON.stringify(problems)
  })
}

/** The append-only directory of a node's, and the newest of its files of a kind. */
function appendOnly(deployment: BareDeployment, node: number, kind: 'base' | 'incr') {
  const directory = join(deployment.stateDir, 'nodes', String(node), 'data', 'appendonlydir')
  const file = readdirSync(directory)
    .filter((name) => name.includes(`.${kind}.`))
    .toSorted()
    .at(-1)
  assert.ok(file, `no ${kind} file in ${directory}`)
  return { directory, path: join(directory, file) }
}

function kill(deployment: BareDeployment, component: string): void {
  const found = findManaged(deployment.stateDir).find((each) => each.component === component && !each.stray)
  assert.ok(found, `${component} does not run`)
  process.kill(found.pid, 'SIGKILL')
}

/** A replica's number; the primary goes on meanwhile. */
async function aReplica(deployment: BareDeployment): Promise<number> {
  const { nodes } = await healthy(deployment)
  return nodes.findIndex(({ role }) => role === 'replica')
}

test('append-only files that were damaged', async (t) => {
  const deployment = await startOn(t)
  const load = loadOn(deployment)
  await load.answered(100)
  for (const kind of ['incr', 'base'] as const) {
    await t.test(
      `the ${kind} file, in its middle: the node stays down and says why; the printed way out heals it`,
      async () => {
        const node = await aReplica(deployment)
        const { directory, path } = appendOnly(deployment, node, kind)
        kill(deployment, `agent-${String(node)}`)
        kill(deployment, `redis-${String(node)}`)
        damage(path)
        const damaged = readFileSync(path)
        const { message, hint } = await problem(deployment, 'DATA_DAMAGED')
        assert.match(
          message,
          new RegExp(`redis-${String(node)} cannot read .*${directory}.*Nothing was deleted`),
        )
        const doctor = await deployment.run(['doctor'])
        assert.match(doctor.stdout, /cannot read its append-only file/)
        assert.equal(doctor.exitCode, 1)
        assert.equal((await deployment.readStatus()).state, 'degraded')
        await load.answered(50)
        assert.deepEqual(readFileSync(path), damaged)
        const [, from = '', to = ''] = /mv (\S+) (\S+) /.exec(hint) ?? []
        renameSync(from, to)
        await healthy(deployment)
        assert.deepEqual(readFileSync(path.replace(directory, to)), damaged)
        rmSync(to, { recursive: true })
      },
    )
  }
  await t.test(
    'a hole that a full disk left: set aside by itself, and the node is filled again',
    async () => {
      const node = await aReplica(deployment)
      const { directory, path } = appendOnly(deployment, node, 'incr')
      kill(deployment, `agent-${String(node)}`)
      kill(deployment, `redis-${String(node)}`)
      leaveHole(path)
      const holed = readFileSync(path)
      const aside = `${directory}.damaged`
      await eventually('the files are set aside', 30_000, () => existsSync(aside) || 'they are not')
      await healthy(deployment)
      assert.deepEqual(readFileSync(path.replace(directory, aside)), holed)
      rmSync(aside, { recursive: true })
    },
  )
  await t.test(
    'holes in the files of all nodes: nobody begins empty, and the printed way out heals it',
    async () => {
      await healthy(deployment)
      const nodes = [0, 1, 2]
      for (const node of nodes)
        for (const part of ['agent', 'redis']) kill(deployment, `${part}-${String(node)}`)
      const files = nodes.map((node) => appendOnly(deployment, node, 'incr'))
      for (const { path } of files) leaveHole(path)
      await eventually('all say so', 30_000, async () => {
        const { problems } = await deployment.readStatus()
        const damaged = problems.filter(
          ({ code, message }) => code === 'DATA_DAMAGED' && message.includes('hole'),
        )
        return damaged.length === 3 || JSON.stringify(problems)
      })
      assert.equal((await deployment.readStatus()).state, 'down')
      const { hint } = await problem(deployment, 'DATA_DAMAGED')
      assert.match(hint, /redis-check-aof --fix/)
      for (const { directory } of files) {
        const manifest = readdirSync(directory).find((name) => name.endsWith('.manifest'))
        assert.ok(manifest)
        execFileSync('redis-check-aof', ['--fix', join(directory, manifest)], { input: 'y\n' })
        assert.ok(!existsSync(`${directory}.damaged`), 'it was set aside though it was needed')
      }
      await healthy(deployment)
    },
  )
  await t.test('a last write that was torn: the node starts, and fetches what it lacks', async () => {
    const node = await aReplica(deployment)
    const { path } = appendOnly(deployment, node, 'incr')
    kill(deployment, `agent-${String(node)}`)
    kill(deployment, `redis-${String(node)}`)
    truncateSync(path, statSync(path).size - 7)
    await healthy(deployment)
  })
  await closing(deployment, load)
})

test(
  'a disk that fills while running: said in words, nothing lost, and it goes on when there is room',
  { skip: noOwnDisk() },
  async (t) => {
    const deployment = await startOn(t, { disk: '96m' })
    const load = loadOn(deployment)
    await load.answered(100)
    const filler = join(dirname(deployment.stateDir), 'filler')
    fill(filler)
    const { message } = await problem(deployment, 'DISK_FULL')
    assert.match(message, /redis-\d cannot write its append-only file|disk/)
    const doctor = await deployment.run(['doctor'])
    assert.match(doctor.stdout, /df -h/)
    assert.equal(doctor.exitCode, 1)
    const up = await deployment.run(['up'])
    assert.match(up.stderr, /^error: the disk of .* is full$/m)
    assert.doesNotMatch(up.stderr, /unexpected error/)
    rmSync(filler)
    await load.answered(50)
    await closing(deployment, load)
  },
)

/** Bytes that are no command, a third into the file; at least one command stands before. */
function damage(path: string): void {
  const bytes = readFileSync(path)
  // Within a long value it would be read as part of that: where a command begins, if the file has commands.
  const middle = Math.floor(bytes.length / 3)
  const command = path.includes('.incr.') ? bytes.indexOf('\r\n*', middle) + 2 : middle
  assert.ok(command >= middle, `no command after byte ${String(middle)} of ${path}`)
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.from('garbage\r\n$-9\r\n*oops\r\n'), 0, 21, command)
  closeSync(file)
}

/** What redis-server leaves when a write is cut short and the next one is not: zero bytes between two commands. */
function leaveHole(path: string): void {
  appendFileSync(path, Buffer.concat([Buffer.alloc(232), Buffer.from('*1\r\n$4\r\nPING\r\n')]))
}

/** Until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes))
      } catch {
        // full for writes of this size
      }
    }
  } finally {
    closeSync(file)
  }
}
