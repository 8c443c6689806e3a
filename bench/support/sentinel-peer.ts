import { randomBytes } from 'node:crypto'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { timing } from '../../src/topology/topology.ts'
import type { Nodes } from '../failover/system.ts'
import { ask } from './ask.ts'
import { startChild } from './children.ts'
import { freePorts } from './free-ports.ts'
import { until } from './until.ts'

const benchNetwork = '127.90.8'
const name = 'counter'
const indexes = [1, 2, 3] as const
const redisPort = 6379
const sentinelPort = 26379

/** HAProxy in front of plain Redis and Sentinel, each node with an append-only file like ours; no agents. */
export interface SentinelPeer {
  readonly host: string
  readonly port: number
  readonly password: string
  /** Process ids of what runs now: `redis-0` to `redis-2`, `sentinel-0` to `sentinel-2`. */
  readonly processes: () => ReadonlyMap<string, number>
  /** Everybody's `settled` right now, or what is there instead. */
  readonly look: () => Promise<Nodes | string>
  /** A command to one of them. @returns the reply as JSON */
  readonly ask: (component: string, command: readonly string[]) => Promise<string>
  /** All sentinels name one node, it says master, its two replicas are in sync and every sentinel sees them. */
  readonly settled: () => Promise<Nodes>
  /** Starts what was killed as whoever supervises it would: as a replica of the primary that the sentinels name. */
  revive(): Promise<void>
  /** SENTINEL FAILOVER, the peer's planned change. */
  switchover(): Promise<void>
}

export interface SentinelPeerOptions {
  readonly askEveryMs: number
  /** The first three bytes of all its addresses. */
  readonly network?: string
}

export async function startSentinelPeer(
  scope: AsyncDisposableStack,
  { askEveryMs, network = benchNetwork }: SentinelPeerOptions,
): Promise<SentinelPeer> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-peer-'))
  scope.defer(() => rm(directory, { recursive: true, force: true }))
  const password = randomBytes(16).toString('hex')
  const host = `${network}.200`
  const port = await freePorts(host, 1)
  const nodes = new Map<number, ChildProcess>()
  const sentinels = new Map<number, ChildProcess>()
  const write = async (file: string, lines: readonly string[]) => {
    const path = join(directory, file)
    await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 })
    return path
  }
  const addressOf = (index: number) => `${network}.${index}`
  const startRedis = (index: number, primary: number | undefined) => {
    const args = [join(directory, `redis-${index}.conf`)]
    if (primary !== undefined) args.push('--replicaof', `${addressOf(primary)} ${redisPort}`)
    nodes.set(index, startChild(scope, 'redis-server', args, { stdio: 'ignore' }))
  }
  for (const index of indexes) {
    await write(`redis-${index}.conf`, [
      `bind ${addressOf(index)}`,
      `bind-source-addr ${addressOf(index)}`,
      `port ${redisPort}`,
      `dir ${directory}`,
      `dbfilename ${index}.rdb`,
      `appenddirname aof-${index}`,
      'appendonly yes',
      'save ""',
      'repl-diskless-sync-delay 0',
      `requirepass ${password}`,
      `masterauth ${password}`,
      `replica-announce-ip ${addressOf(index)}`,
    ])
    startRedis(index, index === 1 ? undefined : 1)
  }
  for (const index of indexes) {
    const file = await write(`sentinel-${index}.conf`, [
      `bind ${addressOf(index)}`,
      `bind-source-addr ${addressOf(index)}`,
      `port ${sentinelPort}`,
      `dir ${directory}`,
      `requirepass ${password}`,
      `sentinel announce-ip ${addressOf(index)}`,
      `sentinel sentinel-pass ${password}`,
      `sentinel monitor ${name} ${addressOf(1)} ${redisPort} 2`,
      `sentinel auth-pass ${name} ${password}`,
      `sentinel down-after-milliseconds ${name} ${timing.downAfterMs}`,
      `sentinel failover-timeout ${name} ${timing.failoverTimeoutMs}`,
    ])
    sentinels.set(index, startChild(scope, 'redis-server', [file, '--sentinel'], { stdio: 'ignore' }))
  }
  const template = await readFile(join(import.meta.dirname, '../peers/haproxy-sentinel.cfg'), 'utf8')
  const values: Readonly<Record<string, string>> = { network, name, password, listen: `${host}:${port}` }
  const config = template.replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? '')
  startChild(scope, 'haproxy', ['-db', '-f', await write('haproxy.cfg', [config])], { stdio: 'ignore' })

  const asked = (index: number, command: readonly string[], at = redisPort) =>
    ask({ host: addressOf(index), port: at, password }, command)
  const nodeOf = (index: number) => ({ pid: nodes.get(index)?.pid ?? 0, address: addressOf(index) })
  const look = async (): Promise<Nodes | string> => {
    const named = new Set<string>()
    for (const index of indexes) {
      named.add(await asked(index, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name], sentinelPort))
      const replicas = await asked(index, ['SENTINEL', 'REPLICAS', name], sentinelPort)
      if (replicas.split('"flags","slave"').length !== indexes.length) return `sentinel ${index}: ${replicas}`
      const quorum = await asked(index, ['SENTINEL', 'CKQUORUM', name], sentinelPort)
      if (!quorum.includes(`OK ${indexes.length}`)) return `sentinel ${index}: ${quorum}`
    }
    const index = indexes.find((one) => [...named].every((each) => each.includes(`"${addressOf(one)}"`)))
    if (index === undefined) return `sentinels name ${[...named].join()}`
    const info = await asked(index, ['INFO', 'replication'])
    const isWhole = info.includes('role:master') && info.split('state=online').length === indexes.length
    if (!isWhole) return info
    return { primary: nodeOf(index), replicas: indexes.filter((one) => one !== index).map(nodeOf) }
  }
  const settled = () => until('the Sentinel deployment has settled', 120_000, askEveryMs, look)
  await settled()
  return {
    host,
    port,
    password,
    processes: () =>
      new Map([
        ...[...nodes].flatMap(([index, child]) => runningAs(`redis-${index - 1}`, child)),
        ...[...sentinels].flatMap(([index, child]) => runningAs(`sentinel-${index - 1}`, child)),
      ]),
    look,
    ask: (component, command) => {
      const [kind, index] = component.split('-')
      return asked(Number(index) + 1, command, kind === 'sentinel' ? sentinelPort : redisPort)
    },
    settled,
    revive: async () => {
      for (const index of indexes) {
        if (isRunning(nodes.get(index))) continue
        const named = await asked(index, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name], sentinelPort)
        startRedis(
          index,
          indexes.find((one) => one !== index && named.includes(`"${addressOf(one)}"`)),
        )
      }
    },
    switchover: async () => {
      const answer = await asked(1, ['SENTINEL', 'FAILOVER', name], sentinelPort)
      if (answer !== '"OK"') throw new Error(`SENTINEL FAILOVER: ${answer}`)
    },
  }
}

function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child?.exitCode === null && child.signalCode === null
}

function runningAs(component: string, child: ChildProcess): readonly (readonly [string, number])[] {
  return isRunning(child) && child.pid !== undefined ? [[component, child.pid]] : []
}
