import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisClient, type RedisAddress, type RedisCredentials } from '../../src/discovery/redis-client.ts'
import type { Reply } from '../../src/resp/decode.ts'
import { eventually } from './eventually.ts'

export interface PlainOptions {
  /** Sentinels that are really started, of three. Default: all. */
  readonly sentinels?: readonly number[]
  /** Nodes and sentinels know each other by names that must be resolved. */
  readonly hostNames?: boolean
}

let lastNetwork = 0

/** A Sentinel deployment as anybody sets one up: three nodes and three sentinels with passwords, nothing of Holdfast. */
export class PlainSentinels {
  readonly name = 'mymaster'
  readonly nodeCredentials: RedisCredentials = { user: 'default', password: 'of-the-nodes' }
  readonly sentinelCredentials: RedisCredentials = { user: 'default', password: 'of-the-sentinels' }
  /** As the sentinels name them. */
  readonly nodes: readonly RedisAddress[]
  readonly sentinels: readonly RedisAddress[]
  private readonly options: PlainOptions
  private readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-plain-'))
  private readonly children = new Map<string, ChildProcess>()

  /** Addresses of this process alone: 127.65.x.y, nodes and sentinels are .201, .202, .203. */
  constructor(options: PlainOptions = {}) {
    this.options = options
    lastNetwork += 1
    const network = (1 + (process.pid % 50)) * 5 + (lastNetwork % 5)
    // 127.65.969 is 127.65.3.201 to a resolver, and a host name to whoever looks for an address of four numbers
    const host = (index: number): string =>
      options.hostNames === true
        ? `127.65.${String(network * 256 + 201 + index)}`
        : `127.65.${String(network)}.${String(201 + index)}`
    this.nodes = [0, 1, 2].map((index) => ({ host: host(index), port: 6379 }))
    this.sentinels = [0, 1, 2].map((index) => ({ host: host(index), port: 26_379 }))
  }

  /** Node 0 is primary. */
  async start(): Promise<void> {
    for (const index of [0, 1, 2]) this.startNode(index, index === 0 ? null : 0)
    await this.replicas(0, 2)
    for (const index of this.running) this.startSentinel(index)
    await this.sentinelsKnow()
  }

  /** Until that many replicas of it have everything. */
  async replicas(primary: number, count: number): Promise<void> {
    await eventually(`${String(count)} replicas`, 15_000, async () => {
      const info = await this.info(primary, 'replication')
      return info.split('state=online').length - 1 >= count || info
    })
  }

  /** Until every sentinel that runs names it, and knows its replicas and the other sentinels. */
  async settled(primary: number, replicas = 2): Promise<void> {
    for (const index of this.running)
      await eventually('a sentinel names it', 15_000, async () => {
        const fields = (await this.askSentinel(index, ['SENTINEL', 'MASTER', this.name])) as readonly Reply[]
        const field = (name: string): Reply | undefined => fields[fields.indexOf(name) + 1]
        const seen = [field('ip'), field('num-slaves'), field('flags')].map(text).join(' ')
        return seen === `${this.nodes[primary]?.host ?? ''} ${String(replicas)} master` || seen
      })
    await this.replicas(primary, replicas)
  }

  startNode(index: number, follows: number | null): void {
    const node = this.nodes[index]
    const primary = follows === null ? undefined : this.nodes[follows]
    if (node === undefined) return
    const { password } = this.nodeCredentials
    this.spawn(`redis-${String(index)}`, [
      ...[`bind ${node.host}`, `port ${String(node.port)}`, 'protected-mode no', 'save ""'],
      ...[`requirepass ${password}`, `masterauth ${password}`, 'repl-diskless-sync-delay 0'],
      `dbfilename ${String(index)}.rdb`,
      `replica-announce-ip ${node.host}`,
      ...(primary === undefined ? [] : [`replicaof ${primary.host} ${String(primary.port)}`]),
    ])
  }

  startSentinel(index: number, primary = 0): void {
    const [sentinel, node] = [this.sentinels[index], this.nodes[primary]]
    if (sentinel === undefined || node === undefined) return
    const { password } = this.sentinelCredentials
    const names = this.options.hostNames === true ? ['resolve-hostnames yes', 'announce-hostnames yes'] : []
    this.spawn(`sentinel-${String(index)}`, [
      ...[`bind ${sentinel.host}`, `port ${String(sentinel.port)}`, 'protected-mode no'],
      ...[`requirepass ${password}`, `sentinel sentinel-pass ${password}`],
      ...names.map((line) => `sentinel ${line}`),
      `sentinel announce-ip ${sentinel.host}`,
      `sentinel monitor ${this.name} ${node.host} ${String(node.port)} 2`,
      `sentinel auth-pass ${this.name} ${this.nodeCredentials.password}`,
      // with 1000, a loaded machine sees a primary down that was promoted a second ago
      `sentinel down-after-milliseconds ${this.name} 2000`,
      `sentinel failover-timeout ${this.name} 4000`,
    ])
  }

  async sentinelsKnow(): Promise<void> {
    for (const index of this.running) {
      await eventually('a sentinel answers', 15_000, async () => {
        await this.askSentinel(index, ['SENTINEL', 'DEBUG', 'publish-period', '200'])
        await this.askSentinel(index, ['SENTINEL', 'DEBUG', 'info-period', '100'])
        return true
      })
    }
    for (const index of this.running)
      await eventually('sentinels know each other', 15_000, async () => {
        const seen = text(await this.askSentinel(index, ['SENTINEL', 'CKQUORUM', this.name]))
        return seen.startsWith(`OK ${String(this.running.length)} `) || seen
      })
  }

  /** `redis-0`, `sentinel-0` */
  signal(part: string, signal: NodeJS.Signals): void {
    this.children.get(part)?.kill(signal)
  }

  /** SIGKILL, and reaped. */
  async kill(part: string): Promise<void> {
    const child = this.children.get(part)
    this.children.delete(part)
    if (child?.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  ask(node: number, command: readonly string[]): Promise<Reply | undefined> {
    return ask(this.nodes[node], this.nodeCredentials, command)
  }

  /** What INFO says of a section. */
  async info(node: number, section: string): Promise<string> {
    return text(await this.ask(node, ['INFO', section]))
  }

  askSentinel(sentinel: number, command: readonly string[]): Promise<Reply | undefined> {
    return ask(this.sentinels[sentinel], this.sentinelCredentials, command)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.children.keys()].map((part) => this.kill(part)))
    rmSync(this.directory, { recursive: true, force: true })
  }

  log(part: string): string {
    return readFileSync(join(this.directory, `${part}.log`), 'utf8')
  }

  private get running(): readonly number[] {
    return this.options.sentinels ?? [0, 1, 2]
  }

  private spawn(part: string, config: readonly string[]): void {
    const file = join(this.directory, `${part}.conf`)
    const lines = [...config, `dir ${this.directory}`, `logfile ${join(this.directory, `${part}.log`)}`]
    writeFileSync(file, `${lines.join('\n')}\n`)
    const mode = part.startsWith('sentinel') ? ['--sentinel'] : []
    this.children.set(part, spawn('redis-server', [file, ...mode], { stdio: 'ignore' }))
  }
}

function text(reply: Reply | undefined): string {
  return typeof reply === 'string' ? reply : JSON.stringify(reply)
}

function ask(
  address: RedisAddress | undefined,
  credentials: RedisCredentials,
  command: readonly string[],
): Promise<Reply | undefined> {
  return new Promise((resolve, reject) => {
    const client: RedisClient = new RedisClient(
      {
        ...(address ?? { host: '', port: 0 }),
        credentials,
        connectTimeoutMs: 1000,
        onClose: (reason) => {
          reject(new Error(reason))
        },
      },
      () => {
        client.send([command], 3000).then(([reply]) => {
          resolve(reply)
          client.close('done')
        }, reject)
      },
    )
  })
}
