import { compareEpochs, controlChannel, formatEpoch } from '../insync/record.ts'
import type { Reply } from '../resp/decode.ts'
import type { Topology } from '../topology/topology.ts'
import { addressKey } from './address.ts'
import { AskedNode } from './asked-node.ts'
import { isErased, type Judgement, type LastReign } from './decision.ts'
import { EpochFloor } from './epoch-floor.ts'
import type { NodeLink } from './node-link.ts'
import type { NodeProbe } from './node-probe.ts'
import type { DiscoveryOptions, FailoverMoment, Primary } from './options.ts'
import type { RedisAddress, RedisClient } from './redis-client.ts'
import { deploymentRules, standaloneRules, type Rules } from './rules.ts'
import { Sentinels } from './sentinels.ts'
import { backed, majority } from './sentinels-state.ts'

export type { Primary } from './options.ts'

const probeTimeoutMs = 300
/** For a role that is asked for beside the traffic: a slow command is no reason to cut the link. */
const askRoleTimeoutMs = 5000
const hotMs = 3
const coldMs = 50
/** Finds the primary: listens to the sentinels, asks the nodes they name, and keeps the link to the one that qualified. */
export class Discovery {
  current: Primary | null = null
  private found: { readonly primary: Primary; readonly node: AskedNode } | null = null
  private readonly options: DiscoveryOptions
  private rules: Rules
  private readonly sentinels: Sentinels
  private readonly nodes = new Map<string, AskedNode>()
  private last: LastReign | null = null
  private readonly floor: EpochFloor
  private timer: NodeJS.Timeout | null = null
  private roleTimer: NodeJS.Timeout | null = null
  /** The connection whose being there was last reported. */
  private reported: RedisClient | null = null
  private stopped = false

  constructor(options: DiscoveryOptions) {
    this.options = options
    this.rules = options.kind === 'standalone' ? standaloneRules(options) : deploymentRules(options.topology)
    const { sentinels, name, learnSentinels, askRoleMs, forgetEpochMs } = this.rules
    this.floor = new EpochFloor(forgetEpochMs)
    this.sentinels = new Sentinels({
      addresses: sentinels,
      name,
      credentials: options.sentinelCredentials,
      learn: learnSentinels,
      now: options.now,
      onReport: (about) => {
        this.reportedBySentinel(about)
      },
      onStage: (stage) => {
        this.moment(stage)
      },
      onNote: options.onNote,
    })
    if (askRoleMs !== null)
      this.roleTimer = setInterval(() => {
        this.askRole()
      }, askRoleMs)
  }

  /** The connection on which confirmations run; null while the primary cannot be reached or there is none. */
  get connection(): RedisClient | null {
    return this.followed?.link.connection ?? null
  }

  /** By sentinel of a deployment: the node it names. */
  get sentinelsName(): readonly (number | null)[] {
    return this.sentinelsSay.map(({ primary }) => (primary === null ? null : this.rules.indexOf(primary)))
  }

  /** By sentinel that counts: whom it names; null: it is silent. */
  get sentinelsSay(): readonly { readonly sentinel: string; readonly primary: RedisAddress | null }[] {
    return [...this.sentinels.state].map(([sentinel, { names }]) => ({
      sentinel,
      primary: names?.address ?? null,
    }))
  }

  /** The present primary's reign is seen to have ended: another epoch must come. */
  abandon(why: string): void {
    const { current } = this
    if (current === null) return
    const { address, epoch, run } = current
    this.options.onNote('primary given up', { ...this.nameOf(address), epoch: formatEpoch(epoch), why })
    this.last = { key: addressKey(address), epoch, run, over: true }
    this.current = null
    this.moment('lost')
    this.options.onOver(why)
    for (const one of this.candidates()) this.node(one).heat(this.options.now())
    this.schedule(0)
  }

  /** The link is of no use any more (an answer is overdue): it is opened anew. */
  resetLink(why: string): void {
    this.followed?.link.close(why)
  }

  /** Other nodes of a deployment: those that stay are asked and followed as before. */
  reload(topology: Topology): void {
    if (this.options.kind === 'standalone') return
    this.rules = deploymentRules(topology)
    this.sentinels.watchOnly(this.rules.sentinels)
  }

  stop(): void {
    this.stopped = true
    if (this.timer !== null) clearTimeout(this.timer)
    if (this.roleTimer !== null) clearInterval(this.roleTimer)
    this.sentinels.stop()
    for (const { link } of this.nodes.values()) link.close('stopped')
  }

  /** Asked for on every command: found once for each primary. */
  private get followed(): AskedNode | null {
    const { current, found } = this
    if (current === null) return null
    if (found?.primary === current) return found.node
    const node = this.nodes.get(addressKey(current.address)) ?? null
    if (node !== null) this.found = { primary: current, node }
    return node
  }

  private reportedBySentinel(about: RedisAddress | null): void {
    if (this.stopped) return
    const { state } = this.sentinels
    if (this.floor.saw(state, this.options.now()))
      this.options.onNote('the sentinels were set up anew: their epochs begin again', {})
    const { current } = this
    const named = majority(state, this.floor.epoch)
    if (named !== null && current !== null) {
      const key = addressKey(named.address)
      if (key === addressKey(current.address)) this.floor.used(named.epoch)
      else if (this.rules.majorityEnds) this.abandon(`a majority of the sentinels names ${key}`)
    }
    const asked = about === null ? null : this.candidate(addressKey(about))
    if (asked !== null) {
      asked.heat(this.options.now())
      this.schedule(0)
    } else if (this.timer === null) this.schedule(0)
  }

  /** The node behind a key when it is worth asking; null otherwise. */
  private candidate(key: string): AskedNode | null {
    const address = this.candidates().find((one) => addressKey(one) === key)
    return address === undefined ? null : this.node(address)
  }

  private candidates(): readonly RedisAddress[] {
    return this.rules.candidates(this.sentinels.state, this.floor.epoch, this.options.now())
  }

  private node(address: RedisAddress): AskedNode {
    const known = this.nodes.get(addressKey(address))
    if (known !== undefined) return known
    const { markersDb, probe } = this.rules
    const node: AskedNode = new AskedNode(
      {
        address,
        credentials: this.options.nodeCredentials,
        markersDb,
        probe,
        timeoutMs: probeTimeoutMs,
        onLost: (reason) => {
          this.lost(node, reason)
        },
        onPush: (push) => {
          this.pushed(node, push)
        },
      },
      this.options.now(),
    )
    this.nodes.set(node.key, node)
    return node
  }

  private lost(asked: AskedNode, reason: string): void {
    if (this.stopped || this.followed !== asked) return
    this.moment('lost')
    this.options.onLink(false, reason)
    this.schedule(0)
  }

  private pushed(asked: AskedNode, [kind, channel, message]: readonly Reply[]): void {
    if (kind !== 'message' || channel !== controlChannel || typeof message !== 'string') return
    if (this.followed === asked) this.options.onControl(message)
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
    const { followed } = this
    const wanted = new Set(this.candidates().map((address) => this.node(address)))
    if (followed !== null) {
      // One that loads its data answers, but not to this: it is asked until its link was reported.
      if (followed.link.connection === null || followed.link.connection !== this.reported)
        wanted.add(followed)
      else wanted.delete(followed)
    }
    this.forgetAllBut(wanted)
    if (wanted.size === 0) return
    let delayMs = coldMs
    for (const asked of wanted) {
      if (asked.isHot(nowMs)) delayMs = hotMs
      if (asked.mayBeAsked(nowMs)) void this.ask(asked)
    }
    this.schedule(delayMs)
  }

  private forgetAllBut(wanted: ReadonlySet<AskedNode>): void {
    const { followed } = this
    for (const [key, asked] of this.nodes) {
      if (asked === followed || wanted.has(asked)) continue
      this.nodes.delete(key)
      asked.link.close('it is no candidate any more')
    }
  }

  private askRole(): void {
    const { followed } = this
    if (followed?.link.connection != null) void this.ask(followed, askRoleTimeoutMs)
  }

  private async ask(asked: AskedNode, timeoutMs?: number): Promise<void> {
    const { link, address, key } = asked
    const probe = await link.probe(timeoutMs)
    // while it was asked, the sentinels may have gone on to somebody else
    if (this.stopped || this.nodes.get(key) !== asked) return
    if (probe === null) {
      if (link.connection === null) asked.retryLater(this.options.now())
      if (link.problem !== '') this.refused(asked, link.problem)
      return
    }
    const isFollowed = this.followed === asked
    if (isFollowed && link.connection === null) return
    if (!isFollowed && this.candidate(key) === null) return
    if (probe.replication.role === 'master' && !asked.saidMaster && !isFollowed) this.moment('master')
    asked.saidMaster = probe.replication.role === 'master'
    const vouched =
      backed(this.sentinels.state, this.floor.epoch, this.options.now()).find(
        (one) => addressKey(one.address) === key,
      )?.epoch ?? null
    this.obey(asked, probe, this.rules.judge(address, probe, this.last, vouched), vouched)
  }

  private obey(asked: AskedNode, probe: NodeProbe, verdict: Judgement, vouched: number | null): void {
    const { current, followed } = this
    const { link, address, key } = asked
    if (verdict.kind === 'no') {
      if (current !== null && followed === asked) {
        if (isErased(probe, current.run)) {
          // The agent writes it again in the same reign; until then the link stays down and is tried anew.
          asked.retryLater(this.options.now())
          link.close(verdict.why)
        } else this.abandon(verdict.why)
      }
      this.refused(asked, verdict.why)
      return
    }
    if (current !== null && compareEpochs(current.epoch, verdict.epoch) === 0) {
      if (current.run === verdict.run) this.back(link)
      return
    }
    asked.refuse('')
    const { epoch, run, members } = verdict
    this.last = { key, epoch, run, over: false }
    if (vouched !== null) this.floor.used(vouched)
    this.current = { node: this.rules.indexOf(address), address, epoch, run, members }
    this.listen(link)
    this.moment('taken')
    this.options.onPrimary(this.current)
  }

  /** The same primary in the same reign: its link is there again. */
  private back(link: NodeLink): void {
    if (link.connection === null || this.reported === link.connection) return
    this.listen(link)
    this.options.onLink(true, '')
  }

  private listen({ connection }: NodeLink): void {
    this.reported = connection
    if (this.rules.hasControlChannel) connection?.subscribe('SUBSCRIBE', controlChannel)
  }

  private refused(asked: AskedNode, why: string): void {
    if (!asked.refuse(why)) return
    const note = this.followed === asked ? 'the primary cannot be reached' : 'not taken up as primary'
    this.options.onNote(note, { ...this.nameOf(asked.address), why })
  }

  private nameOf(address: RedisAddress): Readonly<Record<string, unknown>> {
    const node = this.rules.indexOf(address)
    return node === null ? { address: addressKey(address) } : { node }
  }

  private moment(moment: FailoverMoment): void {
    this.options.onMoment?.(moment, this.options.now())
  }
}
