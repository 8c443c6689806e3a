import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisClient } from '../../src/discovery/redis-client.ts'
import { encodeRecord, recordKey, type Epoch } from '../../src/insync/record.ts'
import type { Reply } from '../../src/resp/decode.ts'
import { defaultGatewaySettings } from '../../src/spec/gateway-settings.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { eventually } from './eventually.ts'

export const clientPassword = 'for-clients'
export const internalSecret = 'for-gateways'
export const internalCredentials = { user: 'holdfast', password: internalSecret }

const markersDb = 16

/** A gateway's log that says nothing. */
export const quietLog = { info: () => undefined, warn: () => undefined }

/** Redis nodes with sentinels on loopback addresses of their own, and a record written by hand: no agents. */
export class RedisGroup {
  readonly topology: Topology
  private readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-group-'))
  private readonly redis: (ChildProcess | null)[] = []
  private readonly sentinels: (ChildProcess | null)[] = []
  private readonly realSentinels = new Set<number>()

  /** Addresses of this process alone (127.`block`.x.y): nodes are .1, .2, .3, the gateway .100. */
  constructor({ holdMs = 3000, nodes = 3, block = 10 } = {}) {
    this.topology = groupTopology(`127.${String(block)}.${String(1 + (process.pid % 250))}`, nodes, holdMs)
  }

  /**
   * Every node but the first follows it; the record names them all as members.
   * @param options.sentinels of these nodes; where others stand in for the rest
   */
  async start({
    sentinels = true,
    record = true,
  }: { sentinels?: boolean | readonly number[]; record?: boolean } = {}): Promise<void> {
    const { nodes } = this.topology
    for (const node of nodes) this.startRedis(node.index, node.index === 0 ? null : 0)
    await this.settled(0)
    if (record) await this.writeRecord(0, { number: 1, node: 0 })
    if (sentinels === false) return
    const all = nodes.map((node) => node.index)
    for (const index of sentinels === true ? all : sentinels) this.startSentinel(index)
    await this.sentinelsKnowAll()
  }

  /** All others follow `primary` and are online. */
  async settled(primary: number): Promise<void> {
    await eventually('replicas online', 15_000, async () => {
      const info = text(await this.ask(primary, ['INFO', 'server', 'replication']))
      const online = info.split('\r\n').filter((line) => line.includes('state=online')).length
      const up = this.redis.filter((child) => child !== null).length - 1
      return online >= up ? true : info
    })
  }

  /** Passes the gate by hand. */
  async writeRecord(node: number, epoch: Epoch, members?: readonly number[]): Promise<void> {
    const info = text(await this.ask(node, ['INFO', 'server', 'replication']))
    const run = /run_id:(\w+)/.exec(info)?.[1] ?? ''
    const others = this.topology.nodes.map((one) => one.index).filter((index) => index !== node)
    const record = encodeRecord({ epoch, version: 0, members: members ?? others, commits: 0, run })
    await this.ask(node, ['HSET', recordKey, ...record])
  }

  /** Lets a sentinel promote `node`, as after the primary's death, and passes the gate by hand. The hung and the dead are in `without`. */
  async failover(node: number, epochNumber: number, without: readonly number[]): Promise<void> {
    const others = this.topology.nodes
      .map((one) => one.index)
      .filter((one) => one !== node && !without.includes(one))
    for (const other of others) await this.ask(other, ['CONFIG', 'SET', 'replica-priority', '0'])
    const sentinel = this.topology.nodes[node]
    for (const other of others) await this.knowsPriority(node, other, '0')
    await eventually('the sentinel promotes it', 15_000, async () => {
      const role = text(await this.ask(node, ['ROLE']))
      if (role.includes('"master"')) return true
      return text(await this.ask(node, ['SENTINEL', 'FAILOVER', this.topology.name], sentinel?.sentinelPort))
    })
    await this.writeRecord(node, { number: epochNumber, node }, others)
    for (const other of others) {
      await this.ask(other, ['REPLICAOF', sentinel?.address ?? '', '6379'])
      await this.ask(other, ['CONFIG', 'SET', 'replica-priority', '100'])
    }
  }

  /** A sentinel chooses by what it was told last. */
  private async knowsPriority(sentinel: number, of: number, priority: string): Promise<void> {
    const address = this.topology.nodes[of]?.address ?? ''
    await eventually(`the sentinel knows the priority of ${address}`, 15_000, async () => {
      const replicas = await this.askSentinel(sentinel, ['SENTINEL', 'REPLICAS', this.topology.name])
      const found = (replicas as string[][]).find((fields) => fields[fields.indexOf('ip') + 1] === address)
      // one that it does not know it cannot choose
      if (found === undefined) return true
      return found[found.indexOf('slave-priority') + 1] === priority || JSON.stringify(found)
    })
  }

  /** All sentinels agree on it. */
  async sentinelsName(primary: number): Promise<void> {
    const { nodes, name } = this.topology
    for (const index of this.realSentinels)
      await eventually('sentinels agree', 15_000, async () => {
        const reply = await this.askSentinel(index, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name])
        return text(reply) === JSON.stringify([nodes[primary]?.address, '6379']) || text(reply)
      })
  }

  signalRedis(node: number, signal: NodeJS.Signals): void {
    this.redis[node]?.kill(signal)
    if (signal === 'SIGKILL') this.redis[node] = null
  }

  signalSentinel(node: number, signal: NodeJS.Signals): void {
    this.sentinels[node]?.kill(signal)
  }

  /** SIGKILL, and reaped: it may be started again, without any state. */
  async killSentinel(node: number): Promise<void> {
    const child = this.sentinels[node]
    this.sentinels[node] = null
    this.realSentinels.delete(node)
    if (child?.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  askSentinel(node: number, args: readonly string[]): Promise<Reply | undefined> {
    return this.ask(node, args, this.topology.nodes[node]?.sentinelPort)
  }

  /** One command with the markers' database selected. */
  async ask(node: number, args: readonly string[], port?: number): Promise<Reply | undefined> {
    const { address, redisPort } = this.topology.nodes[node] ?? { address: '', redisPort: 0 }
    return new Promise((resolve, reject) => {
      const client: RedisClient = new RedisClient(
        {
          host: address,
          port: port ?? redisPort,
          credentials: internalCredentials,
          connectTimeoutMs: 1000,
          onClose: (reason) => {
            reject(new Error(`${address}: ${reason}`))
          },
        },
        () => {
          const commands = port === undefined ? [['SELECT', String(markersDb)], args] : [args]
          client.send(commands, 3000).then((replies) => {
            resolve(replies.at(-1))
            client.close('done')
          }, reject)
        },
      )
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async stop(): Promise<void> {
    const children = [...this.redis, ...this.sentinels].filter((child) => child !== null)
    await Promise.all(
      children.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) {
              resolve()
              return
            }
            child.once('exit', () => {
              resolve()
            })
            child.kill('SIGKILL')
          }),
      ),
    )
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** @param more lines of its configuration */
  startRedis(index: number, follows: number | null, more: readonly string[] = []): void {
    const node = this.topology.nodes[index]
    const primary = follows === null ? undefined : this.topology.nodes[follows]
    if (node === undefined) return
    const users = [
      `user default on >${clientPassword} ~* &* +@all`,
      `user holdfast on >${internalSecret} ~* &* +@all`,
    ]
    this.redis[index] = this.spawn('redis-server', `redis-${String(index)}`, [
      `bind ${node.address}`,
      `port ${String(node.redisPort)}`,
      'protected-mode no',
      `databases ${String(markersDb + 1)}`,
      `dir ${this.directory}`,
      `dbfilename ${String(index)}.rdb`,
      'save ""',
      'repl-diskless-sync-delay 0',
      'masteruser holdfast',
      `masterauth ${internalSecret}`,
      `replica-announce-ip ${node.address}`,
      ...users,
      ...more,
      ...(primary === undefined ? [] : [`replicaof ${primary.address} ${String(primary.redisPort)}`]),
    ])
  }

  /** @param epoch the configuration epoch it begins with */
  startSentinel(index: number, primary = 0, epoch = 0): void {
    const node = this.topology.nodes[index]
    const first = this.topology.nodes[primary]
    if (node === undefined || first === undefined) return
    const { name } = this.topology
    this.realSentinels.add(index)
    this.sentinels[index] = this.spawn('redis-server', `sentinel-${String(index)}`, [
      `bind ${node.address}`,
      `port ${String(node.sentinelPort)}`,
      `dir ${this.directory}`,
      `sentinel announce-ip ${node.address}`,
      'user default off',
      `user holdfast on >${internalSecret} ~* &* +@all`,
      'sentinel sentinel-user holdfast',
      `sentinel sentinel-pass ${internalSecret}`,
      `sentinel monitor ${name} ${first.address} ${String(first.redisPort)} 2`,
      `sentinel auth-user ${name} holdfast`,
      `sentinel auth-pass ${name} ${internalSecret}`,
      `sentinel down-after-milliseconds ${name} 1500`,
      `sentinel failover-timeout ${name} 6000`,
      `sentinel config-epoch ${name} ${String(epoch)}`,
      `sentinel current-epoch ${String(epoch)}`,
    ])
  }

  /** Until all that were started know each other. */
  async sentinelsKnowAll(): Promise<void> {
    for (const index of this.realSentinels)
      await eventually('sentinels answer', 15_000, async () => {
        await this.askSentinel(index, ['SENTINEL', 'DEBUG', 'publish-period', '200'])
        await this.askSentinel(index, ['SENTINEL', 'DEBUG', 'info-period', '100'])
        return true
      })
    for (const index of this.realSentinels)
      await eventually('sentinels know each other', 15_000, async () => {
        const reply = await this.askSentinel(index, ['SENTINEL', 'CKQUORUM', this.topology.name])
        return text(reply).startsWith(`OK ${String(this.realSentinels.size)}`) ? true : text(reply)
      })
  }

  private spawn(program: string, name: string, config: readonly string[]): ChildProcess {
    const file = join(this.directory, `${name}.conf`)
    writeFileSync(file, `${config.join('\n')}\nlogfile ${join(this.directory, `${name}.log`)}\n`)
    const mode = name.startsWith('sentinel') ? ['--sentinel'] : []
    return spawn(program, [file, ...mode], { stdio: 'ignore' })
  }
}

function text(reply: Reply | undefined): string {
  return typeof reply === 'string' ? reply : JSON.stringify(reply)
}

function groupTopology(network: string, count: number, holdMs: number): Topology {
  const f = (count - 1) / 2
  return {
    name: 'group',
    nodes: Array.from({ length: count }, (_, index) => ({
      index,
      name: `redis-${String(index)}`,
      address: `${network}.${String(index + 1)}`,
      redisPort: 6379,
      sentinelPort: 26379,
      agentPort: 26380,
    })),
    f,
    quorum: f + 1,
    redis: { databases: markersDb, markersDb, db: 0, maxmemoryBytes: 0, appendfsync: 'everysec' },
    gateway: {
      name: 'gateway',
      host: `${network}.100`,
      port: 6379,
      adminHost: `${network}.100`,
      adminPort: 6380,
      holdMs,
      ...defaultGatewaySettings,
    },
    app: { command: null, directory: '/', env: {}, healthPath: '/ping', instances: [] },
    frontDoor: { name: 'front-door', host: `${network}.100`, port: 8080 },
  }
}
