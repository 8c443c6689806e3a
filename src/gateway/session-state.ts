import type { RedisCredentials } from '../discovery/redis-client.ts'
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
  /** Arguments of CLIENT TRACKING; null: off. */
  tracking: readonly string[] | null = null
  private auth: readonly string[] | null = null
  private name: string | null = null
  private readonly info = new Map<string, string>()
  private noEvict = false
  private noTouch = false
  private readonly subscriptions = new Map<string, Set<string>>()

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

  /** @param kind `subscribe`, `punsubscribe` and their like */
  acceptSubscription(kind: string, channel: string): void {
    const names = this.namesFor(kind)
    if (kind.includes('un')) names.delete(channel)
    else names.add(channel)
  }

  /** Who the server takes the session for. */
  get user(): string {
    const [first = 'default', password] = this.auth ?? []
    return this.auth === null || password === undefined ? 'default' : first
  }

  /** The same user and database, in RESP2: for what the gateway words itself. */
  inResp2(): SessionState {
    const { authenticated, db, auth, noTouch } = this
    return Object.assign(new SessionState(), { authenticated, db, auth, noTouch })
  }

  /** What tells apart connections that sessions can share. */
  get identity(): string {
    return JSON.stringify([this.auth, this.db, this.protocol, this.noTouch])
  }

  /** Commands that give a shared connection what belongs to the identity. @see restore */
  restoreShared(setter: RedisCredentials | null): Buffer[] {
    const commands: (readonly string[])[] = []
    if (this.protocol === 3) commands.push(['HELLO', '3'])
    if (this.db !== 0) commands.push(['SELECT', String(this.db)])
    if (this.noTouch) commands.push(['CLIENT', 'NO-TOUCH', 'ON'])
    return this.asUser(commands, setter)
  }

  /** Every channel and pattern, as the commands that subscribe to them, and how many confirmations they bring. */
  resubscribe(): { readonly commands: readonly Buffer[]; readonly confirmations: number } {
    const commands: Buffer[] = []
    let confirmations = 0
    for (const [family, names] of this.subscriptions) {
      if (names.size === 0) continue
      const word = family === 'pattern' ? 'PSUBSCRIBE' : family === 'shard' ? 'SSUBSCRIBE' : 'SUBSCRIBE'
      commands.push(encodeCommand([word, ...names], latin1))
      confirmations += names.size
    }
    return { commands, confirmations }
  }

  /** What else a connection of its own had; each is answered once. */
  reattach(): readonly Buffer[] {
    return [
      ...(this.tracking === null ? [] : [encodeCommand(['CLIENT', 'TRACKING', ...this.tracking], latin1)]),
      ...(this.monitoring ? [encodeCommand(['MONITOR'])] : []),
    ]
  }

  /**
   * Commands that give a new connection this state.
   * @param setter who sets it up: the session's user may not be allowed to, and would then be in another database
   */
  restore(setter: RedisCredentials | null): Buffer[] {
    const commands: (readonly string[])[] = []
    if (this.protocol === 3) commands.push(['HELLO', '3'])
    if (this.db !== 0) commands.push(['SELECT', String(this.db)])
    if (this.name !== null) commands.push(['CLIENT', 'SETNAME', this.name])
    for (const [key, value] of this.info) commands.push(['CLIENT', 'SETINFO', key, value])
    if (this.noEvict) commands.push(['CLIENT', 'NO-EVICT', 'ON'])
    if (this.noTouch) commands.push(['CLIENT', 'NO-TOUCH', 'ON'])
    return this.asUser(commands, setter)
  }

  /** AUTH itself is never subject to a user's rights. */
  private asUser(commands: readonly (readonly string[])[], setter: RedisCredentials | null): Buffer[] {
    const first =
      commands.length > 0 && setter !== null ? [encodeCommand(['AUTH', setter.user, setter.password])] : []
    const last = this.auth === null ? [] : [encodeCommand(['AUTH', ...this.auth], latin1)]
    return [...first, ...commands.map((args) => encodeCommand(args, latin1)), ...last]
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
        this.tracking = on ? request.args().slice(2) : null
        break
    }
  }

  reset(): void {
    Object.assign(this, { authenticated: false, protocol: 2, db: 0, auth: null, name: null, noEvict: false })
    Object.assign(this, {
      noTouch: false,
      inMulti: false,
      watching: false,
      monitoring: false,
      tracking: null,
    })
    this.info.clear()
    this.subscriptions.clear()
  }
}
