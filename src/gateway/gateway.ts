import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { Discovery, type Primary } from '../discovery/discovery.ts'
import type { FailoverMoment } from '../discovery/options.ts'
import type { RedisCredentials } from '../discovery/redis-client.ts'
import type { StandaloneSettings } from '../discovery/rules.ts'
import { controlChannel, formatEpoch, recordKey } from '../insync/record.ts'
import type { GatewayLimits } from '../spec/gateway-settings.ts'
import { timing, type Topology } from '../topology/topology.ts'
import { startAdmin, type Admin } from './admin.ts'
import type { CommandTable } from './command-table.ts'
import { Confirmer, type Confirmable } from './confirmer.ts'
import { FailoverTimeline } from './failover-timeline.ts'
import { listen } from './listen.ts'
import { Hold, readControlMessage } from './hold.ts'
import type { Hub } from './hub.ts'
import { learn } from './learn.ts'
import { gatewayMetrics, type GatewayMetrics } from './metrics.ts'
import { Session } from './session.ts'
import { describe, type GatewayStatus } from './status.ts'
import { Door } from './door.ts'
import { plainConnect, type Connect } from './connection.ts'
import { PlainConfirmer } from './plain-confirmer.ts'
import { poolOptions } from './pool-options.ts'
import { Pools } from './pools.ts'
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
  /** Whether Redis asks clients for a password: until they gave it, they may send little. Left out: the primary is asked. */
  readonly passwordRequired?: boolean
  readonly log: GatewayLog
  /** A bound socket handed down; otherwise host and port of the topology. */
  readonly listenFd?: number
  /** A Sentinel deployment that somebody else set up, in place of the topology's nodes: no agents, no record, no gate. */
  readonly standalone?: Pick<StandaloneSettings, 'sentinels' | 'name'>
  /** Instead of the topology's. */
  readonly limits?: GatewayLimits
  /** How connections to the primary are opened; the plain way when left out. */
  readonly connect?: Connect
}

const sweepMs = 50
const learnAgainMs = 500
/** A round that is under way for longer than its wait and this: nothing more is sent to that primary until it answers. */
const stalledMs = 450

/** The RESP endpoint: sessions, the primary they talk to, and the confirmations between. */
export class Gateway {
  private readonly options: GatewayOptions
  private readonly sessions = new Set<Session>()
  private readonly discovery: Discovery
  private readonly confirmer: Confirmer | PlainConfirmer
  private readonly timeline = new FailoverTimeline()
  private readonly hold: Hold
  private readonly hub: Hub
  private readonly pools: Pools
  private readonly door: Door
  private lastId = 0
  private readonly server: Server
  readonly metrics: GatewayMetrics
  private admin: Admin | null = null
  private table: CommandTable = new Map()
  private sweeper: NodeJS.Timeout | null = null
  private unreachableSinceMs: number | null
  private paused = false
  private stopping = false
  private learning = false
  private lostMs: number | null = null

  constructor(options: GatewayOptions) {
    this.options = options
    const { topology, log } = options
    const now = (): number => performance.now()
    this.unreachableSinceMs = now()
    this.metrics = gatewayMetrics(() => this.status())
    const { standalone } = options
    const target =
      standalone === undefined
        ? { topology }
        : ({ kind: 'standalone', ...standalone, markersDb: topology.redis.markersDb } as const)
    this.discovery = new Discovery({
      ...target,
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
      onMoment: (moment, atMs) => {
        this.moment(moment, atMs)
      },
    })
    this.confirmer = this.makeConfirmer(now)
    this.door = new Door(options.connect ?? plainConnect)
    this.hub = this.makeHub(now)
    this.pools = this.makePools()
    this.hold = new Hold({
      quiet: () => this.hub.traffic.inFlight === 0 && this.pools.quiet,
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
    this.server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 300_000 },
      (socket) => {
        this.accept(socket)
      },
    )
  }

  private makeConfirmer(now: () => number): Confirmer | PlainConfirmer {
    const { topology, log, standalone } = this.options
    const common = {
      now,
      primary: () => this.discovery.current,
      connection: () => this.discovery.connection,
      onConfirmed: (tookMs: number) => {
        this.confirmed(tookMs)
        if (this.paused) this.unpause()
      },
    }
    const { ack } = topology.gateway
    if (standalone !== undefined)
      return new PlainConfirmer({ ...common, replicas: ack === 'in-sync' ? 1 : ack })
    return new Confirmer({
      ...common,
      f: topology.f,
      memberSilentMs: timing.memberSilentMs,
      nodeAt: (host, port) =>
        topology.nodes.find((node) => node.address === host && node.redisPort === port)?.index ?? null,
      onOver: (why) => {
        this.discovery.abandon(why)
      },
      onMembers: (from, to) => {
        log.warn({ from, to }, 'members written out of the in-sync set')
      },
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
      stopping: () => this.stopping,
    })
    this.options.log.info({ host, port }, 'listening')
  }

  /** Stops accepting, gives what is under way until `graceMs` to finish, and closes everything. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true
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
    this.removeMarkers(this.pools.discard())
    this.door.close()
    if (this.sweeper !== null) clearInterval(this.sweeper)
    this.hold.release('the gateway stops')
    this.discovery.stop()
    await this.admin?.stop()
    await closed
  }

  /** Other limits, from now on. Sessions that are there stay. */
  reload(limits: GatewayLimits): void {
    Object.assign(this.hub.limits, limits)
    this.pumpAll()
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

  /** Something was confirmed: commands are answered under the present primary. */
  private confirmed(tookMs: number): void {
    this.metrics.confirmed(tookMs)
    const line = this.timeline.resumed(performance.now())
    if (line === null) return
    this.metrics.counters.failovers++
    this.options.log.info(line, 'failover')
  }

  private moment(moment: FailoverMoment, atMs: number): void {
    this.timeline.add(moment, atMs)
    // Nobody may have anything to say for long: the failover ends when something could be answered.
    if (moment === 'taken') this.confirm(nobody)
  }

  private makeHub(now: () => number): Hub {
    const { topology, passwordRequired = false, limits, connect = plainConnect } = this.options
    const { gateway, redis } = topology
    return {
      gatewayId: randomBytes(6).toString('hex'),
      holdMs: gateway.holdMs,
      delivery: gateway.delivery,
      ack: gateway.ack,
      databases: redis.databases,
      markersDb: redis.markersDb,
      recordKey: this.options.standalone === undefined ? recordKey : '',
      passwordRequired,
      limits: { ...(limits ?? gateway.limits) },
      traffic: noTraffic(),
      counters: this.metrics.counters,
      connect,
      door: this.door,
      setter: this.options.nodeCredentials,
      now,
      target: () => this.target(),
      commands: () => this.table,
      holding: () => this.hold.active,
      poolOf: (state) => this.pools.of(state),
      elevatedPoolOf: (state) => this.pools.elevated(state),
      control: () => this.discovery.connection,
      release: (pool) => {
        this.pools.release(pool)
      },
      confirm: (one) => {
        this.confirm(one)
      },
      removeMarkers: (keys) => {
        this.removeMarkers(keys)
      },
      watch: () => {
        this.watch()
      },
      nextId: () => ++this.lastId,
      closed: (session) => {
        this.sessions.delete(session)
      },
    }
  }

  private makePools(): Pools {
    const { hub, options } = this
    return new Pools(
      (shared, number) =>
        poolOptions(shared, number, {
          hub,
          topology: options.topology,
          members: () => this.confirmer.record?.members.length ?? this.discovery.current?.members.length ?? 0,
          confirmedRecord: (record, tookMs) => {
            this.confirmer.record = record
            this.confirmed(tookMs)
          },
          suspect: () => {
            this.confirm(nobody)
          },
          note: (note, details) => {
            options.log.warn(details, note)
          },
        }),
      hub.removeMarkers,
      hub.setter,
    )
  }

  private confirm(one: Confirmable): void {
    this.confirmer.request(one)
    this.watch()
  }

  private removeMarkers(keys: readonly string[]): void {
    if (keys.length > 0) this.discovery.connection?.send([['DEL', ...keys]], 1000).catch(() => undefined)
  }

  private target(): Primary | null {
    return this.paused || this.discovery.connection === null ? null : this.discovery.current
  }

  private accept(socket: Socket): void {
    if (this.sessions.size >= this.hub.limits.sessions) {
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
    this.allOver()
    const pausedMs = this.lostMs === null ? null : Math.round(performance.now() - this.lostMs)
    this.options.log.info({ node, address, epoch: formatEpoch(epoch), pausedMs }, 'primary taken up')
    this.metrics.primaries.inc()
    this.lostMs = null
    this.hold.release('another primary')
    this.paused = false
    this.confirmer.resume()
    this.reachable()
  }

  private voidAll(why: string): void {
    this.lostMs ??= performance.now()
    this.unreachableSinceMs ??= performance.now()
    this.options.log.warn({ why }, 'no primary')
    this.allOver()
    this.confirmer.resume()
  }

  private allOver(): void {
    this.door.close()
    this.pools.primaryOver()
    for (const session of this.sessions) session.primaryOver()
  }

  private linked(up: boolean, why: string): void {
    if (up) {
      this.paused = false
      this.options.log.info({}, 'the primary answers again')
      this.timeline.recovered()
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
    this.learn()
    this.pumpAll()
  }

  private unpause(): void {
    this.paused = false
    this.reachable()
  }

  private pumpAll(): void {
    this.pools.schedule()
    for (const session of this.sessions) session.primaryThere()
  }

  private control(payload: string): void {
    const message = readControlMessage(payload)
    if (message !== null) this.hold.obey(message)
  }

  /** Until it is known what commands there are nothing can be passed on. */
  private learn(): void {
    const { connection, current } = this.discovery
    if (this.learning || this.table.size > 0 || connection === null || current === null) return
    this.learning = true
    learn(connection, this.door, current, this.options.passwordRequired)
      .then(
        ({ table, passwordRequired }) => {
          this.table = table
          Object.assign(this.hub, { passwordRequired })
          this.pumpAll()
        },
        (error: unknown) => {
          const why = error instanceof Error ? error.message : String(error)
          this.options.log.warn({ why }, 'the primary does not say which commands it has')
          setTimeout(() => {
            this.learn()
          }, learnAgainMs)
        },
      )
      .finally(() => {
        this.learning = false
      })
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
    if (traffic.parked + traffic.inFlight === 0 && this.pools.quiet) {
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
