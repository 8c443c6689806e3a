import { compareEpochs, controlChannel, formatEpoch, type Epoch } from '../insync/record.ts'
import type { Reply } from '../resp/decode.ts'
import type { Topology } from '../topology/topology.ts'
import {
  candidates,
  judge,
  noSentinels,
  reduceSentinels,
  type LastReign,
  type SentinelsState,
} from './decision.ts'
import { NodeLink } from './node-link.ts'
import type { NodeProbe } from './node-probe.ts'
import type { RedisAddress, RedisClient, RedisCredentials } from './redis-client.ts'
import { SentinelWatch } from './sentinel-watch.ts'

/** A node that qualified, for as long as it is followed. */
export interface Primary {
  readonly node: number
  readonly address: RedisAddress
  readonly epoch: Epoch
  readonly run: string
  /** The in-sync set's members when it was taken up. */
  readonly members: readonly number[]
}

export interface DiscoveryOptions {
  readonly topology: Topology
  /** For the nodes: the user with all rights. */
  readonly nodeCredentials: RedisCredentials | null
  readonly sentinelCredentials: RedisCredentials | null
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** A new primary: everything of the one before is void. */
  readonly onPrimary: (primary: Primary) => void
  /** The present primary's reign has ended; there is none until the next `onPrimary`. */
  readonly onOver: (why: string) => void
  /** The link to the present primary came or went; it remains the primary. */
  readonly onLink: (up: boolean, why: string) => void
  /** A message on the control channel of the present primary. */
  readonly onControl: (message: string) => void
  /** What is worth a line in the log. */
  readonly onNote: (note: string, details: Readonly<Record<string, unknown>>) => void
}

const pollMs = 500
const probeTimeoutMs = 300
const promisingForMs = 10_000
const hotMs = 3
const coldMs = 50
/** A refused connection is not tried again sooner than this. */
const retryConnectMs = 15

/** Finds the primary: listens to the sentinels, asks the nodes they name, and keeps the link to the one that qualified. */
export class Discovery {
  current: Primary | null = null
  private readonly options: DiscoveryOptions
  private readonly links: readonly NodeLink[]
  private readonly watches: readonly SentinelWatch[]
  private state: SentinelsState
  private last: LastReign | null = null
  private timer: NodeJS.Timeout | null = null
  private readonly hotUntilMs = new Map<number, number>()
  private readonly retryAtMs = new Map<number, number>()
  private readonly refusals = new Map<number, string>()
  /** The connection whose being there was last reported. */
  private reported: RedisClient | null = null
  private stopped = false

  constructor(options: DiscoveryOptions) {
    this.options = options
    const { nodes, name, redis } = options.topology
    this.state = noSentinels(nodes.length)
    this.links = nodes.map(
      (node) =>
        new NodeLink({
          node: node.index,
          address: { host: node.address, port: node.redisPort },
          credentials: options.nodeCredentials,
          markersDb: redis.markersDb,
          timeoutMs: probeTimeoutMs,
          onLost: (reason) => {
            this.lost(node.index, reason)
          },
          onPush: (push) => {
            this.pushed(node.index, push)
          },
        }),
    )
    this.watches = nodes.map(
      (node) =>
        new SentinelWatch({
          address: { host: node.address, port: node.sentinelPort },
          name,
          credentials: options.sentinelCredentials,
          pollMs,
          onPrimary: (address) => {
            this.named(node.index, address)
          },
          onEvent: (event) => {
            if (event.kind === 'switched') this.named(node.index, event.address)
            else this.promoting(event.address)
          },
        }),
    )
  }

  /** The connection on which confirmations run; null while the primary cannot be reached or there is none. */
  get connection(): RedisClient | null {
    const { current } = this
    return current === null ? null : (this.links[current.node]?.connection ?? null)
  }

  /** By sentinel: the node it names. */
  get sentinelsName(): readonly (number | null)[] {
    return this.state.named
  }

  /** The present primary's reign is seen to have ended: another epoch must come. */
  abandon(why: string): void {
    const { current } = this
    if (current === null) return
    this.options.onNote('primary given up', { node: current.node, epoch: formatEpoch(current.epoch), why })
    this.last = { epoch: current.epoch, over: true }
    this.current = null
    this.options.onOver(why)
    this.schedule(0)
  }

  /** The link is of no use any more (an answer is overdue): it is opened anew. */
  resetLink(why: string): void {
    if (this.current !== null) this.links[this.current.node]?.close(why)
  }

  stop(): void {
    this.stopped = true
    if (this.timer !== null) clearTimeout(this.timer)
    for (const watch of this.watches) watch.stop()
    for (const link of this.links) link.close('stopped')
  }

  private named(sentinel: number, address: RedisAddress | null): void {
    const node = address === null ? null : this.indexOf(address)
    if (this.state.named[sentinel] === node) return
    this.state = reduceSentinels(this.state, { kind: 'named', sentinel, node })
    if (node !== null) this.heat(node)
  }

  private promoting(address: RedisAddress): void {
    const node = this.indexOf(address)
    if (node === null) return
    const untilMs = this.options.now() + promisingForMs
    this.state = reduceSentinels(this.state, { kind: 'promoting', node, untilMs })
    this.heat(node)
  }

  private heat(node: number): void {
    this.hotUntilMs.set(node, this.options.now() + promisingForMs)
    this.schedule(0)
  }

  private indexOf(address: RedisAddress): number | null {
    const found = this.options.topology.nodes.find(
      (node) => node.address === address.host && node.redisPort === address.port,
    )
    return found?.index ?? null
  }

  private lost(node: number, reason: string): void {
    if (this.stopped || this.current?.node !== node) return
    this.options.onLink(false, reason)
    this.schedule(0)
  }

  private pushed(node: number, [kind, channel, message]: readonly Reply[]): void {
    if (kind !== 'message' || channel !== controlChannel || typeof message !== 'string') return
    if (this.current?.node === node) this.options.onControl(message)
  }

  private schedule(delayMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer)
    if (this.stopped) return
    this.timer = setTimeout(() => {
      this.timer = null
      this.tick()
    }, delayMs)
  }

  /** Asks everybody who may be the primary, and plans the next time. */
  private tick(): void {
    const nowMs = this.options.now()
    const { current } = this
    const wanted = new Set(candidates(this.state, nowMs))
    if (current !== null) {
      if (this.connection === null) wanted.add(current.node)
      else wanted.delete(current.node)
    }
    if (wanted.size === 0) return
    let delayMs = coldMs
    for (const node of wanted) {
      if ((this.hotUntilMs.get(node) ?? 0) > nowMs) delayMs = hotMs
      if ((this.retryAtMs.get(node) ?? 0) <= nowMs) void this.ask(node)
    }
    this.schedule(delayMs)
  }

  private async ask(node: number): Promise<void> {
    const link = this.links[node]
    if (link === undefined) return
    const probe = await link.probe()
    if (this.stopped) return
    if (probe === null) {
      if (link.connection === null) this.retryAtMs.set(node, this.options.now() + retryConnectMs)
      return
    }
    const { current } = this
    if (current?.node === node && link.connection === null) return
    const verdict = judge(node, probe, this.last)
    if (verdict.kind === 'no') {
      if (current?.node === node && isErased(probe, current)) {
        // The agent writes it again in the same reign; until then the link stays down and is tried anew.
        this.retryAtMs.set(node, this.options.now() + retryConnectMs)
        link.close(verdict.why)
      } else if (current?.node === node) this.abandon(verdict.why)
      this.refused(node, verdict.why)
      return
    }
    const known = this.options.topology.nodes[node]
    if (known === undefined) return
    if (current !== null && compareEpochs(current.epoch, verdict.epoch) === 0) {
      if (current.run === verdict.run) this.back(link)
      return
    }
    this.refusals.delete(node)
    this.last = { epoch: verdict.epoch, over: false }
    const address = { host: known.address, port: known.redisPort }
    this.current = { node, address, epoch: verdict.epoch, run: verdict.run, members: verdict.members }
    this.reported = link.connection
    link.connection?.subscribe('SUBSCRIBE', controlChannel)
    this.options.onPrimary(this.current)
  }

  /** The same primary in the same reign: its link is there again. */
  private back(link: NodeLink): void {
    if (link.connection === null || this.reported === link.connection) return
    this.reported = link.connection
    link.connection.subscribe('SUBSCRIBE', controlChannel)
    this.options.onLink(true, '')
  }

  private refused(node: number, why: string): void {
    if (this.refusals.get(node) === why) return
    this.refusals.set(node, why)
    this.options.onNote('not taken up as primary', { node, why })
  }
}

/** Still the primary, in the same life of its process, whose record somebody deleted. */
function isErased({ replication, record }: NodeProbe, current: Primary): boolean {
  return record === null && replication.role === 'master' && replication.run === current.run
}
