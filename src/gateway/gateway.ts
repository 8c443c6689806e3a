import { createServer, type Server, type Socket } from 'node:net'
import { Discovery, type Primary } from '../discovery/discovery.ts'
import type { FailoverMoment } from '../discovery/options.ts'
import { controlChannel, formatEpoch } from '../insync/record.ts'
import type { GatewayLimits } from '../spec/gateway-settings.ts'
import type { Topology } from '../topology/topology.ts'
import { startAdmin, type Admin } from './admin.ts'
import { confirmsSoon } from './confirms-soon.ts'
import type { Confirmer, Confirmable } from './confirmer.ts'
import { FailoverTimeline } from './failover-timeline.ts'
import { listen } from './listen.ts'
import { Listener, nobody } from './listener.ts'
import { Hold, readControlMessage } from './hold.ts'
import type { Hub } from './hub.ts'
import { Layout } from './layout.ts'
import { makeHub } from './make-hub.ts'
import { Learner } from './learn.ts'
import { makeConfirmer } from './make-confirmer.ts'
import { MarkerCare } from './marker-care.ts'
import { gatewayMetrics, type GatewayMetrics } from './metrics.ts'
import { Session } from './session.ts'
import { acceptOptions } from './shared-reads.ts'
import { describe, type GatewayStatus } from './status.ts'
import { Door } from './door.ts'
import { plainConnect } from './connection.ts'
import type { GatewayOptions } from './gateway-options.ts'
import type { PlainConfirmer } from './plain-confirmer.ts'
import { makePools } from './make-pools.ts'
import type { Pools } from './pools.ts'
import { tooManySessions } from './words.ts'

export type { GatewayLog, GatewayOptions } from './gateway-options.ts'

const sweepMs = 50
/** A connection that is silent for longer, while a confirmation that began later has succeeded, is not one any more. */
const silentMs = 2000
/** A round that is under way for longer than its wait and this: nothing more is sent to that primary until it answers. */
const stalledMs = 200

/** The RESP endpoint: sessions, the primary they talk to, and the confirmations between. */
export class Gateway {
  private readonly options: GatewayOptions
  private readonly sessions = new Set<Session>()
  private readonly discovery: Discovery
  private readonly confirmer: Confirmer | PlainConfirmer
  private readonly timeline = new FailoverTimeline()
  private readonly layout: Layout
  private readonly hold: Hold
  private readonly hub: Hub
  private readonly pools: Pools
  private readonly door: Door
  private readonly care: MarkerCare
  private readonly learner: Learner
  private readonly server: Server
  readonly metrics: GatewayMetrics
  private admin: Admin | null = null
  private sweeper: NodeJS.Timeout | null = null
  private unreachableSinceMs: number | null
  private readonly listener = new Listener()
  private paused = false
  private stopping = false
  private lostMs: number | null = null

  constructor(options: GatewayOptions) {
    this.options = options
    const { topology, log } = options
    this.layout = new Layout(topology)
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
      onMoment: this.moment.bind(this),
    })
    this.confirmer = makeConfirmer({
      ack: topology.gateway.ack,
      layout: this.layout,
      standalone: standalone !== undefined,
      now,
      discovery: this.discovery,
      onConfirmed: (tookMs) => {
        this.confirmed(tookMs)
        if (this.paused) this.unpause()
      },
      onMembers: (from, to) => {
        log.warn({ from, to }, 'members written out of the in-sync set')
      },
    })
    this.door = new Door(options.connect ?? plainConnect)
    this.hub = makeHub({
      ...options,
      now,
      door: this.door,
      counters: this.metrics.counters,
      discovery: this.discovery,
      target: () => this.target(),
      commands: () => this.learner.table,
      holding: () => this.hold.active,
      pools: () => this.pools,
      confirm: (one) => {
        this.confirm(one)
      },
      removeMarkers: (keys) => {
        this.care.remove(keys)
      },
      watch: () => {
        this.watch()
      },
      closed: (session) => {
        this.sessions.delete(session)
      },
    })
    this.learner = new Learner({
      connection: () => this.discovery.connection,
      primary: () => this.discovery.current,
      door: this.door,
      passwordRequired: options.passwordRequired,
      onLearned: (passwordRequired) => {
        this.hub.strangers.refused = passwordRequired
        this.reachable()
      },
      onFailed: (why) => {
        log.warn({ why }, 'the primary does not say which commands it has')
      },
    })
    this.care = new MarkerCare(this.hub.gatewayId, () => this.discovery.connection)
    this.pools = makePools({
      hub: this.hub,
      gateway: topology.gateway,
      layout: this.layout,
      confirmer: this.confirmer,
      firstMembers: () => this.discovery.current?.members.length ?? 0,
      confirmed: this.confirmed.bind(this),
      suspect: () => {
        this.confirm(nobody)
      },
      note: (note, details) => {
        log.warn(details, note)
      },
    })
    this.hold = new Hold({
      gated: standalone === undefined,
      quiet: () => this.hub.traffic.inFlight === 0 && this.pools.quiet,
      publishHeld: (id) => {
        // Several may have one name; who asks counts them.
        const message = JSON.stringify({ type: 'held', id, gateway: this.hub.gatewayId })
        this.discovery.connection?.send([['PUBLISH', controlChannel, message]], 1000).catch(() => undefined)
        log.info({ id }, 'held for a switchover')
      },
      onRelease: (why) => {
        log.info({ why }, 'hold released')
        this.pumpAll()
      },
    })
    this.server = createServer(acceptOptions, (socket) => {
      this.accept(socket)
    })
  }

  /** @throws HoldfastError PORT_IN_USE */
  async start(): Promise<void> {
    const { host, port, adminHost, adminPort } = this.options.topology.gateway
    const { listenFd } = this.options
    const where = listenFd === undefined ? { host, port } : { fd: listenFd }
    await listen(this.server, where, `${host}:${String(port)}`)
    this.admin = await startAdmin({
      host: adminHost,
      port: adminPort,
      status: () => this.status(),
      metrics: this.metrics,
      check: () => confirmsSoon(this.confirmer),
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
    await this.care.stop(this.pools.discard())
    this.door.close()
    this.hub.blocking.stop()
    if (this.sweeper !== null) clearInterval(this.sweeper)
    this.hold.release('the gateway stops')
    this.discovery.stop()
    await this.admin?.stop()
    await closed
  }

  /** Other limits, and other nodes of a deployment, from now on. Sessions that are there stay. */
  reload(limits: GatewayLimits, topology?: Topology): void {
    Object.assign(this.hub.limits, limits)
    if (topology !== undefined) {
      this.layout.replace(topology)
      this.discovery.reload(topology)
    }
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
      sentinels: this.discovery.sentinelsSay,
      layout: this.layout,
      own: this.options.topology.gateway.name,
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
    if (moment === 'selected' && this.discovery.current !== null) this.hold.promoting()
  }

  private confirm(one: Confirmable): void {
    this.confirmer.request(one)
    this.watch()
  }

  private target(): Primary | null {
    if (this.paused || this.hub.scripts.loading || !this.learner.current) return null
    return this.discovery.connection === null ? null : this.discovery.current
  }

  private accept(socket: Socket): void {
    if (this.sessions.size >= this.hub.limits.sessions) {
      socket.on('error', () => undefined).resume()
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
    this.learner.run()
    // commands may name scripts that this primary has not seen
    this.hub.scripts.load(this.discovery.connection, () => {
      this.reachable()
    })
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
    this.hub.blocking.primaryOver()
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
    this.learner.run()
    if (this.target() === null) return
    this.unreachableSinceMs = null
    this.care.run()
    this.pumpAll()
  }

  private unpause(): void {
    this.paused = false
    this.timeline.recovered()
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
    const { startedMs, waitMs } = this.confirmer
    if (!this.paused && startedMs !== null && nowMs - startedMs > waitMs + stalledMs) {
      this.paused = true
      this.timeline.add('lost', startedMs)
      this.unreachableSinceMs ??= startedMs
    }
    // commands without any answer: somebody must notice when the primary hangs
    if (this.target() !== null) this.confirmer.request(this.listener)
    const sinceMs = this.listener.answeredMs - silentMs
    this.pools.closeSilent(sinceMs)
    this.door.closeSilent(sinceMs)
    for (const session of this.sessions) session.sweep(nowMs, this.unreachableSinceMs, sinceMs)
  }
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
