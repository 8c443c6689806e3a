import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { Discovery, type Primary } from '../discovery/discovery.ts'
import type { RedisCredentials } from '../discovery/redis-client.ts'
import { HoldfastError } from '../errors.ts'
import { controlChannel, formatEpoch } from '../insync/record.ts'
import { timing, type Topology } from '../topology/topology.ts'
import { startAdmin, type Admin } from './admin.ts'
import { readCommandTable, type CommandTable } from './command-table.ts'
import { Confirmer } from './confirmer.ts'
import { Hold, readControlMessage } from './hold.ts'
import type { Hub, SessionLimits } from './hub.ts'
import { gatewayMetrics, type GatewayMetrics } from './metrics.ts'
import { Session } from './session.ts'
import { describe, type GatewayStatus } from './status.ts'
import { noTraffic } from './traffic.ts'
import { tooManySessions } from './words.ts'

export interface GatewayLog {
  readonly info: (details: object, message: string) => void
  readonly warn: (details: object, message: string) => void
}

export interface GatewayOptions {
  readonly topology: Topology
  /** For the nodes: the user with all rights. Null: they ask for no password. */
  readonly nodeCredentials: RedisCredentials | null
  readonly sentinelCredentials: RedisCredentials | null
  /** Whether Redis asks clients for a password: until they gave it, they may send little. */
  readonly passwordRequired: boolean
  readonly log: GatewayLog
  /** A bound socket handed down; otherwise host and port of the topology. */
  readonly listenFd?: number
  readonly limits?: Partial<SessionLimits>
  readonly maxSessions?: number
}

const mebibyte = 1024 * 1024
const defaultLimits: SessionLimits = {
  parkedBytes: 64 * mebibyte,
  parkedCommands: 100_000,
  allParkedBytes: 512 * mebibyte,
  answerBytes: 16 * mebibyte,
}
const defaultMaxSessions = 10_000
const sweepMs = 50
/** A round that is under way for longer than its wait and this: nothing more is sent to that primary until it answers. */
const stalledMs = 450

/** The RESP endpoint: sessions, the primary they talk to, and the confirmations between. */
export class Gateway {
  private readonly options: GatewayOptions
  private readonly sessions = new Set<Session>()
  private readonly discovery: Discovery
  private readonly confirmer: Confirmer
  private readonly hold: Hold
  private readonly hub: Hub
  private readonly server: Server
  readonly metrics: GatewayMetrics
  private admin: Admin | null = null
  private table: CommandTable = new Map()
  private sweeper: NodeJS.Timeout | null = null
  private unreachableSinceMs: number | null
  private paused = false
  private lostMs: number | null = null

  constructor(options: GatewayOptions) {
    this.options = options
    const { topology, log } = options
    const now = (): number => performance.now()
    this.unreachableSinceMs = now()
    this.metrics = gatewayMetrics(() => this.status())
    this.discovery = new Discovery({
      topology,
      nodeCredentials: options.nodeCredentials,
      sentinelCredentials: options.sentinelCredentials,
      now,
      onPrimary: (primary) => {
        this.takeUp(primary)
      },
      onOver: (why) => {
        this.voidAll(why)
      },
      onLink: (up, why) => {
        this.linked(up, why)
      },
      onControl: (message) => {
        this.control(message)
      },
      onNote: (note, details) => {
        log.info(details, note)
      },
    })
    this.confirmer = new Confirmer({
      f: topology.f,
      memberSilentMs: timing.memberSilentMs,
      now,
      primary: () => this.discovery.current,
      connection: () => this.discovery.connection,
      nodeAt: (host, port) =>
        topology.nodes.find((node) => node.address === host && node.redisPort === port)?.index ?? null,
      onOver: (why) => {
        this.discovery.abandon(why)
      },
      onConfirmed: (tookMs) => {
        this.metrics.confirmed(tookMs)
        if (this.paused) this.unpause()
      },
      onMembers: (from, to) => {
        log.warn({ from, to }, 'members written out of the in-sync set')
      },
    })
    this.hub = this.makeHub(now)
    this.hold = new Hold({
      quiet: () => this.hub.traffic.inFlight === 0 && this.hub.traffic.held === 0,
      publishHeld: (id) => {
        const message = JSON.stringify({ type: 'held', id, gateway: topology.gateway.name })
        this.discovery.connection?.send([['PUBLISH', controlChannel, message]], 1000).catch(() => undefined)
        log.info({ id }, 'held for a switchover')
      },
      onRelease: (why) => {
        log.info({ why }, 'hold released')
        this.pumpAll()
      },
    })
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.accept(socket)
    })
  }

  /** @throws HoldfastError PORT_IN_USE */
  async start(): Promise<void> {
    const { host, port, adminHost, adminPort } = this.options.topology.gateway
    const { listenFd } = this.options
    await listen(
      this.server,
      listenFd === undefined ? { host, port } : { fd: listenFd },
      `${host}:${String(port)}`,
    )
    this.admin = await startAdmin({
      host: adminHost,
      port: adminPort,
      status: () => this.status(),
      metrics: this.metrics,
      check: () => this.check(),
    })
    this.options.log.info({ host, port }, 'listening')
  }

  /** Stops accepting, gives what is under way until `graceMs` to finish, and closes everything. */
  async stop(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve()
      })
    })
    for (const session of this.sessions) session.end()
    const untilMs = performance.now() + graceMs
    while (this.sessions.size > 0 && performance.now() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, 10))
    for (const session of this.sessions) session.close()
    if (this.sweeper !== null) clearInterval(this.sweeper)
    this.hold.release('the gateway stops')
    this.discovery.stop()
    await this.admin?.stop()
    await closed
  }

  status(): GatewayStatus {
    return describe({
      sessions: this.sessions.size,
      traffic: this.hub.traffic,
      primary: this.discovery.current,
      record: this.confirmer.record,
      reachable: this.target() !== null,
      holding: this.hold.active,
      sentinels: this.discovery.sentinelsName,
      topology: this.options.topology,
    })
  }

  /** Whether something that arrives now would be answered: asks for a confirmation of its own. */
  private check(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(false)
      }, timing.memberSilentMs)
      this.confirmer.request({
        beginRound: () => undefined,
        confirmed: () => {
          clearTimeout(timer)
          resolve(true)
        },
      })
    })
  }

  private makeHub(now: () => number): Hub {
    const { topology, passwordRequired, limits } = this.options
    return {
      holdMs: topology.gateway.holdMs,
      databases: topology.redis.databases,
      markersDb: topology.redis.markersDb,
      passwordRequired,
      limits: { ...defaultLimits, ...limits },
      traffic: noTraffic(),
      counters: this.metrics.counters,
      now,
      target: () => this.target(),
      commands: () => this.table,
      holding: (inTransaction) => this.hold.active && (!inTransaction || this.hold.published),
      planned: () => this.hold.published,
      confirm: (session) => {
        this.confirmer.request(session)
        this.watch()
      },
      watch: () => {
        this.watch()
      },
      closed: (session) => {
        this.sessions.delete(session)
      },
    }
  }

  private target(): Primary | null {
    return this.paused || this.discovery.connection === null ? null : this.discovery.current
  }

  private accept(socket: Socket): void {
    if (this.sessions.size >= (this.options.maxSessions ?? defaultMaxSessions)) {
      socket.on('error', () => undefined)
      socket.end(tooManySessions, () => {
        socket.destroy()
      })
      return
    }
    this.sessions.add(new Session(this.hub, socket))
  }

  private takeUp(primary: Primary): void {
    const { epoch, node, address } = primary
    for (const session of this.sessions) session.primaryOver()
    const pausedMs = this.lostMs === null ? null : Math.round(performance.now() - this.lostMs)
    this.options.log.info({ node, address, epoch: formatEpoch(epoch), pausedMs }, 'primary taken up')
    this.metrics.primaries.inc()
    this.lostMs = null
    this.hold.release('another primary')
    this.paused = false
    this.confirmer.resume()
    this.learnCommands()
    this.reachable()
  }

  private voidAll(why: string): void {
    this.lostMs ??= performance.now()
    this.unreachableSinceMs ??= performance.now()
    this.options.log.warn({ why }, 'no primary')
    for (const session of this.sessions) session.primaryOver()
    this.confirmer.resume()
  }

  private linked(up: boolean, why: string): void {
    if (up) {
      this.paused = false
      this.options.log.info({}, 'the primary answers again')
      this.confirmer.resume()
      this.lostMs = null
      this.reachable()
      return
    }
    this.lostMs ??= performance.now()
    this.unreachableSinceMs ??= performance.now()
    this.options.log.warn({ why }, 'the link to the primary is lost')
    this.watch()
  }

  private reachable(): void {
    this.unreachableSinceMs = null
    this.pumpAll()
  }

  private unpause(): void {
    this.paused = false
    this.reachable()
  }

  private pumpAll(): void {
    for (const session of this.sessions) session.pump()
  }

  private control(payload: string): void {
    const message = readControlMessage(payload)
    if (message !== null) this.hold.obey(message)
  }

  private learnCommands(): void {
    if (this.table.size > 0) return
    this.discovery.connection?.send([['COMMAND']], 1000).then(
      ([reply]) => {
        this.table = readCommandTable(reply)
      },
      () => undefined,
    )
  }

  /** Runs only while something waits. */
  private watch(): void {
    this.sweeper ??= setInterval(() => {
      this.sweep()
    }, sweepMs)
  }

  private sweep(): void {
    const { traffic } = this.hub
    const nowMs = performance.now()
    if (traffic.parked + traffic.held + traffic.inFlight === 0) {
      if (this.sweeper !== null) clearInterval(this.sweeper)
      this.sweeper = null
      return
    }
    const { startedMs } = this.confirmer
    if (!this.paused && startedMs !== null && nowMs - startedMs > stalledMs) {
      this.paused = true
      this.unreachableSinceMs ??= startedMs
    }
    // commands without any answer: somebody must notice when the primary hangs
    if (traffic.inFlight > 0) this.confirmer.request(nobody)
    for (const session of this.sessions) session.sweep(nowMs, this.unreachableSinceMs)
  }
}

const nobody = { beginRound: () => undefined, confirmed: () => undefined }

function listen(
  server: Server,
  options: ListenOptions | { readonly fd: number },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        new HoldfastError(
          taken ? 'PORT_IN_USE' : 'INTERNAL',
          taken ? `${name} is in use by another process` : `cannot listen on ${name}: ${error.message}`,
          {
            hint: 'stop what listens there, or change gateway.listen in the spec',
            cause: error,
            exitCode: taken ? 2 : 1,
          },
        ),
      )
    })
    server.listen(options, resolve)
  })
}

/** Runs a gateway within this process. @throws HoldfastError PORT_IN_USE */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new Gateway(options)
  try {
    await gateway.start()
  } catch (error) {
    await gateway.stop(0)
    throw error
  }
  return gateway
}
