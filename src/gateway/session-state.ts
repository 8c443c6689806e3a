import type { Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Request } from '../resp/request.ts'

const latin1 = 'latin1'

/** What Redis keeps for a connection, as far as it can be given to the next one. Changed by replies, never by mere sending. */
export class SessionState {
  authenticated = false
  protocol: 2 | 3 = 2
  db = 0
  inMulti = false
  watching = false
  monitoring = false
  tracking = false
  private auth: readonly string[] | null = null
  private name: string | null = null
  private readonly info = new Map<string, string>()
  private noEvict = false
  private noTouch = false
  private readonly subscriptions = new Map<string, Set<string>>()

  /** Set up so that no other connection can take over: what was agreed with the lost one cannot be restored. */
  get bound(): boolean {
    return this.inMulti || this.watching || this.monitoring || this.tracking || this.subscribed
  }

  get subscribed(): boolean {
    for (const names of this.subscriptions.values()) if (names.size > 0) return true
    return false
  }

  /** A reply that was no error, to a command that sets something up. */
  accept(request: Request): void {
    switch (request.name) {
      case 'AUTH':
        this.authenticated = true
        this.auth = request.args().slice(1)
        break
      case 'HELLO':
        this.acceptHello(request)
        break
      case 'SELECT':
        this.db = Number(request.arg(1))
        break
      case 'CLIENT':
        this.acceptClient(request)
        break
      case 'MULTI':
        this.inMulti = true
        break
      case 'EXEC':
      case 'DISCARD':
        this.inMulti = false
        this.watching = false
        break
      case 'WATCH':
        this.watching = true
        break
      case 'UNWATCH':
        this.watching = false
        break
      case 'MONITOR':
        this.monitoring = true
        break
      case 'RESET':
        this.reset()
        break
    }
  }

  /** Replies that one (UN)SUBSCRIBE brings: one a channel named, else one a channel it leaves, at least one. */
  subscriptionReplies(request: Request): number {
    return request.argc > 1 ? request.argc - 1 : Math.max(1, this.namesFor(request.name.toLowerCase()).size)
  }

  /** `subscribe`, channel, count and their like. */
  acceptSubscription(reply: Reply): void {
    if (!Array.isArray(reply)) return
    const [kind, channel] = reply as readonly Reply[]
    if (typeof kind !== 'string' || typeof channel !== 'string') return
    const names = this.namesFor(kind)
    if (kind.includes('un')) names.delete(channel)
    else names.add(channel)
  }

  /** Commands that give a new connection this state. */
  restore(): Buffer[] {
    const commands: (readonly string[])[] = []
    if (this.auth !== null) commands.push(['AUTH', ...this.auth])
    if (this.protocol === 3) commands.push(['HELLO', '3'])
    if (this.db !== 0) commands.push(['SELECT', String(this.db)])
    if (this.name !== null) commands.push(['CLIENT', 'SETNAME', this.name])
    for (const [key, value] of this.info) commands.push(['CLIENT', 'SETINFO', key, value])
    if (this.noEvict) commands.push(['CLIENT', 'NO-EVICT', 'ON'])
    if (this.noTouch) commands.push(['CLIENT', 'NO-TOUCH', 'ON'])
    return commands.map((args) => encodeCommand(args, latin1))
  }

  private namesFor(kind: string): Set<string> {
    const family = kind.startsWith('p') ? 'pattern' : /^s(?:s|un)/.test(kind) ? 'shard' : 'channel'
    let names = this.subscriptions.get(family)
    if (names === undefined) this.subscriptions.set(family, (names = new Set()))
    return names
  }

  private acceptHello(request: Request): void {
    if (request.argc > 1) this.protocol = request.arg(1) === '3' ? 3 : 2
    for (let at = 2; at < request.argc; at++) {
      if (request.keyword(at) === 'AUTH') {
        this.authenticated = true
        this.auth = [request.arg(at + 1) ?? '', request.arg(at + 2) ?? '']
        at += 2
      } else if (request.keyword(at) === 'SETNAME') {
        this.name = request.arg(at + 1) ?? ''
        at += 1
      }
    }
  }

  private acceptClient(request: Request): void {
    const value = request.arg(2) ?? ''
    const on = value.toUpperCase() === 'ON'
    switch (request.keyword(1)) {
      case 'SETNAME':
        this.name = value
        break
      case 'SETINFO':
        this.info.set(value.toUpperCase(), request.arg(3) ?? '')
        break
      case 'NO-EVICT':
        this.noEvict = on
        break
      case 'NO-TOUCH':
        this.noTouch = on
        break
      case 'TRACKING':
        this.tracking = on
        break
    }
  }

  private reset(): void {
    Object.assign(this, { authenticated: false, protocol: 2, db: 0, auth: null, name: null, noEvict: false })
    Object.assign(this, {
      noTouch: false,
      inMulti: false,
      watching: false,
      monitoring: false,
      tracking: false,
    })
    this.info.clear()
    this.subscriptions.clear()
  }
}
