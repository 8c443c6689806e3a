import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { findHole, setAside, sizeOnDisk } from '../../src/agent/append-only-file.ts'
import { createFileCare } from '../../src/agent/file-care.ts'
import { openRedisLink } from '../../src/agent/redis-link.ts'
import { createLogger } from '../../src/platform/log.ts'
import { noOwnDisk } from '../harness/bare-deployment.ts'
import { freePort } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'
import { nodeTopology } from '../harness/node-set.ts'

const skip = noOwnDisk()
const host = '127.77.4.1'

/** A redis-server with an append-only file on a disk of its own that can be filled. */
async function onSmallDisk(t: TestContext) {
  const disk = mkdtempSync(join(tmpdir(), 'holdfast-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk])
  const port = await freePort(host)
  const directory = join(disk, 'appendonlydir')
  let server: ChildProcess | null = null
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (server?.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(signal)
    await exited
  }
  const redis = new Redis({
    host,
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  })
  redis.on('error', () => undefined)
  t.after(async () => {
    redis.disconnect()
    await end('SIGKILL')
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true })
  })
  const start = async () => {
    const args = ['--bind', host, '--port', String(port), '--dir', disk, '--save', '', '--appendonly', 'yes']
    server = spawn('redis-server', [...args, '--databases', '17', '--protected-mode', 'no'], {
      stdio: 'ignore',
    })
    const started = server
    await eventually('redis-server answers, or ends', 5000, async () => {
      if (started.exitCode !== null) return true
      if (redis.status !== 'ready') await redis.connect().catch(() => undefined)
      const text = redis.status === 'ready' ? await redis.ping().catch(() => 'no') : redis.status
      return text === 'PONG' || text
    })
    return started.exitCode === null
  }
  const status = async (field: string) =>
    new RegExp(`^${field}:(.*)\\r$`, 'm').exec(await redis.info('persistence'))?.[1] ?? '?'
  const filler = join(disk, 'filler')
  return {
    disk,
    directory,
    port,
    redis,
    start,
    end,
    /** A write is cut short, and once there is room again the next one leaves a hole. */
    fillOnce: async () => {
      // A short write needs a part of a block that is free.
      await redis.set('before', '1')
      fill(filler)
      const value = 'x'.repeat(3000)
      await eventually('a failed write', 5000, async () => {
        await redis.set('large', value).catch(() => undefined)
        return (await status('aof_last_write_status')) === 'err' || 'it can write'
      })
    },
    makeRoom: async () => {
      rmSync(filler)
      await eventually(
        'it can write again',
        5000,
        async () => (await status('aof_last_write_status')) === 'ok' || 'err',
      )
    },
    rewrite: async () => {
      await redis.bgrewriteaof()
      await eventually(
        'the rewrite',
        5000,
        async () => (await status('aof_rewrite_in_progress')) === '0' || 'runs',
      )
    },
  }
}

type Small = Awaited<ReturnType<typeof onSmallDisk>>

function fill(path: string): void {
  const file = openSync(path, 'w')
  for (let bytes = 65_536; bytes >= 4096; bytes /= 2) {
    try {
      for (;;) writeSync(file, Buffer.alloc(bytes))
    } catch {
      // full for writes of this size
    }
  }
  closeSync(file)
}

/** The agent's care, at its own link to this redis-server. */
async function careOf({ redis, port, directory }: Small) {
  await redis.call('ACL', 'SETUSER', 'holdfast', 'on', '>secret', '~*', '&*', '+@all')
  const topology = nodeTopology('127.77.4', 3)
  const [first] = topology.nodes
  assert.ok(first)
  const link = openRedisLink(topology, { ...first, address: host, redisPort: port }, 'secret')
  const care = createFileCare({
    node: 'redis-0',
    directory,
    redis: link,
    log: createLogger('agent-0'),
    now: () => performance.now(),
  })
  const look = async () => {
    const before = care.before()
    await care.look(await link.inspect(), before)
  }
  await eventually('the link', 3000, async () => (await link.inspect()).up || 'down')
  return {
    care,
    look,
    close: () => {
      link.close()
    },
  }
}

test(
  'redis-server leaves a hole in a file that a rewrite opened, and does not start with it',
  { skip },
  async (t) => {
    const small = await onSmallDisk(t)
    await small.start()
    await small.rewrite()
    await small.fillOnce()
    assert.equal(await findHole(small.directory), null)
    await small.makeRoom()
    await small.redis.set('after', '1')
    const hole = await findHole(small.directory)
    assert.ok(hole, 'this redis-server leaves no hole')
    const bytes = readFileSync(hole.path)
    assert.equal(bytes[hole.offset], 0)
    assert.match(bytes.subarray(0, hole.offset).toString('latin1'), /before[^\0]*$/)
    await small.end()
    assert.equal(await small.start(), false, 'it loaded a file with a hole')
    const aside = setAside(small.directory)
    assert.deepEqual(readFileSync(hole.path.replace(small.directory, aside)), bytes)
    assert.equal(await small.start(), true)
    assert.equal(await small.redis.dbsize(), 0)
    await small.end()
    assert.notEqual(setAside(small.directory), aside)
    assert.equal(readdirSync(small.disk).filter((name) => name.startsWith('appendonlydir.damaged')).length, 2)
  },
)

test('the agent has it written anew before it is stopped: it starts with everything', { skip }, async (t) => {
  const small = await onSmallDisk(t)
  await small.start()
  await small.rewrite()
  const { care, look, close } = await careOf(small)
  t.after(close)
  await look()
  assert.equal(care.problem(), null)
  await small.fillOnce()
  await look()
  assert.match(care.problem()?.message ?? '', /redis-0: its disk was full/)
  await care.settle(5000)
  assert.notEqual(care.problem(), null, 'a file was called whole that cannot be written')
  await small.makeRoom()
  await small.redis.set('after', '1')
  assert.notEqual(await findHole(small.directory), null)
  await care.settle(5000)
  assert.equal(care.problem(), null)
  assert.equal(await findHole(small.directory), null)
  await small.end()
  assert.equal(await small.start(), true)
  assert.equal(await small.redis.get('after'), '1')
})

test('an agent that was not there when the disk was full sees it by the size', { skip }, async (t) => {
  const small = await onSmallDisk(t)
  await small.start()
  await small.rewrite()
  await small.fillOnce()
  await small.makeRoom()
  assert.notEqual(await findHole(small.directory), null)
  const { care, look, close } = await careOf(small)
  t.after(close)
  await eventually('the hole is noticed', 3000, async () => {
    await look()
    return care.problem() !== null || 'no problem'
  })
  await care.settle(5000)
  assert.equal(await findHole(small.directory), null)
})

test('a rewrite waits until there is room for it', { skip }, async (t) => {
  const small = await onSmallDisk(t)
  await small.start()
  await small.rewrite()
  const { care, look, close } = await careOf(small)
  t.after(close)
  await small.fillOnce()
  await look()
  await small.makeRoom()
  const tight = join(small.disk, 'tight')
  writeFileSync(tight, Buffer.alloc(30 * 2 ** 20))
  await look()
  assert.match(care.problem()?.message ?? '', /\d+ MB more have to be free/)
  assert.notEqual(await findHole(small.directory), null)
  rmSync(tight)
  await care.settle(5000)
  assert.equal(care.problem(), null)
  assert.equal(
    sizeOnDisk(small.directory),
    Number(/^aof_current_size:(\d+)/m.exec(await small.redis.info('persistence'))?.[1]),
  )
})
