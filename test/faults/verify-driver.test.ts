import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { findManaged } from '../../src/platform/managed-process.ts'
import { findProgram, readOutput } from '../../src/platform/run-program.ts'
import { ownProcesses, readVariable } from '../../src/platform/proc.ts'
import { readConnections } from '../../src/targets/local/faults/open-connections.ts'
import type { FaultDriver } from '../../src/verify/faults/fault.ts'
import { eventually } from '../harness/eventually.ts'
import { localDeployment, type LocalDeployment } from '../harness/local-deployment.ts'
import { noPacketFilter } from '../harness/packet-filter.ts'

test('a deployment is broken in every way, and is whole again', { skip: noPacketFilter() }, async (t) => {
  const deployment = localDeployment(t, 71)
  await deployment.up()
  await deployment.healthy()
  const driver = await deployment.target.faults?.()
  assert.ok(driver)
  t.after(() => driver.close())
  const journal = join(deployment.stateDir, 'verify-undo.json')

  await t.test('what it cannot do it says, in words', async () => {
    assert.match(driver.why('clock') ?? '', /one clock/)
    await assert.rejects(driver.stepClock(0, 1000), /one clock/)
    for (const capability of ['signal', 'network', 'delay', 'redis', 'volume', 'disk', 'disk-stall'] as const)
      assert.equal(driver.why(capability), null)
    await assert.rejects(
      deployment.target.faults?.() ?? Promise.resolve(),
      /another verify \(pid \d+\) is at work/,
    )
    await assert.rejects(driver.signal('app-9', 'KILL'), /app-9 does not run/)
  })

  await t.test('everything that an agent says to another node comes from its own node', () => {
    const nodes = addresses(deployment)
    const strays = readConnections(readFileSync('/proc/net/tcp', 'latin1')).filter(
      ({ from, to, toPort }) => from === '127.0.0.1' && nodes.includes(to) && toPort !== 6379,
    )
    // The gateway watches the sentinels: one connection, or while it connects two, to each.
    const owners = agentsOf(deployment, new Set(strays.map(({ inode }) => inode)))
    assert.deepEqual(owners, [])
  })

  await t.test('processes stop, go on, die and come back', async () => {
    await driver.signal('gateway', 'STOP')
    assert.equal((await driver.process('gateway'))?.stopped, true)
    assert.equal(statSync(journal).mode & 0o777, 0o600)
    assert.match(readFileSync(journal, 'utf8'), /"component": "gateway"/)
    await driver.heal()
    assert.equal((await driver.process('gateway'))?.stopped, false)
    assert.equal(existsSync(journal), false)
    const before = (await driver.process('sentinel-1'))?.pid
    await driver.signal('sentinel-1', 'KILL')
    await eventually('another sentinel', 10_000, async () => {
      const now = await driver.process('sentinel-1')
      return now !== null && now.pid !== before ? true : 'none'
    })
    await driver.signalAll(['supervisor', 'agent-0', 'app-0', 'app-1'], 'KILL')
    await driver.startAll()
    await healthy(driver)
  })

  await t.test('a cut is silent: connections stay open, and nothing gets through', async () => {
    const { primary, replicas } = await roles(driver)
    await write(driver, primary, 'before')
    await reaches(driver, replicas[0], 'before')
    await driver.cut([primary], replicas)
    await write(driver, primary, 'during')
    await eventually('sentinels that agree on another primary', 15_000, async () => {
      const { primary: now } = await driver.observe()
      return now !== null && now !== `redis-${String(primary)}` ? true : String(now)
    })
    for (const replica of replicas) assert.notEqual(await read(driver, replica), 'during')
    await driver.heal()
    await healthy(driver)
    assert.doesNotMatch(await tables(), /holdfast_/)
    assert.notEqual(await read(driver, primary), 'during')
  })

  await t.test('replicas keep a primary that the sentinels lose, and the reverse', async () => {
    const bySentinels = await roles(driver)
    const asked = bySentinels.replicas[0] ?? 0
    await driver.cut([bySentinels.primary], bySentinels.replicas, 'sentinels')
    await whole(driver, async () => {
      await eventually('a sentinel that finds it down', 10_000, async () => {
        const seen = await sees(driver, asked)
        return seen === 'down' ? true : seen
      })
      const info = String(await driver.redis(asked, ['INFO', 'replication']))
      assert.match(info, /master_link_status:up|role:master/)
      await eventually('another primary', 15_000, async () => {
        const { primary } = await driver.observe()
        return primary !== null && primary !== `redis-${String(bySentinels.primary)}` ? true : String(primary)
      })
    })
    const { primary, replicas } = await roles(driver)
    const replica = replicas[0] ?? 0
    await driver.cut([primary], replicas, 'replication')
    await whole(driver, async () => {
      await write(driver, primary, 'unheard')
      await eventually('a replica that hears nothing', 15_000, async () => {
        const info = String(await driver.redis(replica, ['INFO', 'replication']))
        const silentS = Number(/master_last_io_seconds_ago:(-?\d+)/.exec(info)?.[1] ?? -1)
        return silentS >= 2 ? true : info
      })
      assert.notEqual(await read(driver, replica), 'unheard')
      assert.equal(await sees(driver, replica), 'up')
    })
  })

  await t.test('a node that is slow answers later, and in its own name', async () => {
    const { replicas } = await roles(driver)
    const node = replicas[0] ?? 0
    await driver.delay(node, 150)
    await eventually('a slow node that still replicates', 20_000, async () => {
      const info = String(await driver.redis(node, ['INFO', 'replication']))
      const others = readConnections(readFileSync('/proc/net/tcp', 'latin1')).filter(
        ({ to, from, toPort }) => to === addresses(deployment)[node] && to !== from && toPort === 6379,
      )
      return info.includes('master_link_status:up') && others.length > 0 ? true : info
    })
    const took = await roundTripMs(deployment, node)
    assert.ok(took >= 300, `${String(took)} ms`)
    await driver.heal()
    await healthy(driver)
    assert.ok((await roundTripMs(deployment, node)) < 150)
  })

  await t.test('settings and the number of instances go back to what they were', async () => {
    await driver.change(0, ['CONFIG', 'SET', 'maxmemory', '100mb'], ['CONFIG', 'SET', 'maxmemory', '0'])
    await driver.scale(3)
    await driver.heal()
    const [, value] = (await driver.redis(0, ['CONFIG', 'GET', 'maxmemory'])) as string[]
    assert.equal(value, '0')
    assert.equal((await driver.observe()).instances.length, 2)
  })

  await t.test('what was written at a primary is undone at the one that replaced it', async () => {
    const { primary } = await roles(driver)
    await driver.change(primary, ['SET', 'filler', 'x'], ['DEL', 'filler'])
    await driver.switchover(undefined, new AbortController().signal)
    assert.notEqual((await roles(driver)).primary, primary)
    await driver.heal()
    assert.equal(existsSync(journal), false)
    assert.equal(await driver.gateway(['EXISTS', 'filler']), 0)
  })

  await t.test('a volume is emptied, fills up and hangs', async () => {
    const { replicas, primary } = await roles(driver)
    const node = replicas[0] ?? 0
    await write(driver, primary, 'kept')
    await driver.emptyVolume(node)
    await healthy(driver)
    assert.equal(await read(driver, node), 'kept')
    await driver.fillDisk(node)
    await write(driver, primary, 'no room')
    await eventually('a full disk', 20_000, async () => {
      const { problems } = await driver.observe()
      return problems.some(({ code }) => code === 'DISK_FULL') ? true : JSON.stringify(problems)
    })
    await driver.heal()
    await healthy(driver)
    await driver.stallDisk(node)
    await write(driver, primary, 'hangs')
    await eventually('a server that waits for its disk', 10_000, async () => {
      const { pid = 0 } = (await driver.process(`redis-${String(node)}`)) ?? {}
      const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'latin1'))?.[1] ?? ''
      return state === 'D' ? true : state
    })
    await driver.heal()
    await healthy(driver)
    assert.equal(await read(driver, node), 'hangs')
    assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), new RegExp(deployment.stateDir))
  })

  await t.test('the disk of the primary fills up, and it is the primary then', async () => {
    const { primary } = await roles(driver)
    await write(driver, primary, 'before')
    await driver.fillDisk(primary)
    await whole(driver, async () => {
      await eventually('a full disk', 20_000, async () => {
        const answer = await driver.redis(primary, ['SET', 'other', 'x']).catch(String)
        return String(answer).includes('MISCONF') ? true : String(answer)
      })
    })
    assert.equal(await driver.gateway(['GET', 'witness']), 'before')
  })

  await t.test('a redis-server of somebody else gets nothing', async () => {
    const { primary } = await roles(driver)
    for (const as of ['nobody', 'application'] as const) {
      const { attached, says } = await driver.attachForeign(primary, as)
      assert.equal(attached, false, says)
      assert.match(says, /NOAUTH|NOPERM|WRONGPASS|denied|AUTH/i)
    }
    await driver.heal()
    assert.ok(!findManaged(deployment.stateDir).some(({ component }) => component.startsWith('foreign')))
  })
  await driver.close()
})

/** Also when it fails: what follows begins with a whole deployment. */
async function whole(driver: FaultDriver, broken: () => Promise<void>): Promise<void> {
  try {
    await broken()
  } finally {
    await driver.heal()
  }
  await healthy(driver)
}

async function roles(driver: FaultDriver): Promise<{ primary: number; replicas: number[] }> {
  const { primary, nodes } = await healthy(driver)
  const index = nodes.findIndex(({ name }) => name === primary)
  return { primary: index, replicas: nodes.map((_, each) => each).filter((each) => each !== index) }
}

function healthy(driver: FaultDriver) {
  return eventually('everything is healthy', 60_000, async () => {
    const status = await driver.observe()
    return status.state === 'healthy' ? status : JSON.stringify(status.problems)
  })
}

async function write(driver: FaultDriver, node: number, value: string): Promise<void> {
  await driver.redis(node, ['SET', 'witness', value])
}

async function read(driver: FaultDriver, node: number): Promise<unknown> {
  return await driver.redis(node, ['GET', 'witness'])
}

async function reaches(driver: FaultDriver, node: number | undefined, value: string): Promise<void> {
  await eventually(`${value} at a replica`, 5000, async () => {
    const seen = await read(driver, node ?? 0)
    return seen === value ? true : String(seen)
  })
}

/** Whether a node's sentinel reaches the primary. */
async function sees(driver: FaultDriver, node: number): Promise<'up' | 'down'> {
  const masters = (await driver.sentinel(node, ['SENTINEL', 'MASTERS'])) as string[][]
  const flags = masters[0]?.[masters[0].indexOf('flags') + 1] ?? ''
  return flags.includes('s_down') ? 'down' : 'up'
}

function addresses({ stateDir }: LocalDeployment): string[] {
  const { nodes } = JSON.parse(readFileSync(join(stateDir, 'topology.json'), 'utf8')) as {
    nodes: { address: string }[]
  }
  return nodes.map(({ address }) => address)
}

async function tables(): Promise<string> {
  return await readOutput(findProgram(['nft'], process.env) ?? 'nft', ['list', 'tables'])
}

/** Agents that have one of these sockets. */
function agentsOf({ stateDir }: LocalDeployment, inodes: ReadonlySet<string>): string[] {
  return ownProcesses().flatMap(({ pid }) => {
    const tag = readVariable(pid, 'HOLDFAST_SUPERVISED') ?? ''
    if (!tag.startsWith(`${stateDir}:agent-`)) return []
    const has = readdirSync(`/proc/${String(pid)}/fd`).some((fd) => {
      const target = readlinkSync(`/proc/${String(pid)}/fd/${fd}`)
      return inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')
    })
    return has ? [tag] : []
  })
}

/** As an ordinary client has it: of one PING on a connection that is there. */
async function roundTripMs(deployment: LocalDeployment, node: number): Promise<number> {
  const host = addresses(deployment)[node] ?? ''
  const { password } = await deployment.target.connection()
  const redis = new Redis({ host, port: 6379, password, maxRetriesPerRequest: 0, enableReadyCheck: false })
  try {
    await redis.ping()
    const startedAt = performance.now()
    await redis.ping()
    return performance.now() - startedAt
  } finally {
    redis.disconnect()
  }
}
