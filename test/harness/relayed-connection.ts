import { createConnection, type Socket } from 'node:net'
import { replyLimits, requestLimits } from '../../src/resp/limits.ts'
import { ReplyFramer, replyType } from '../../src/resp/reply-framer.ts'
import { RequestFramer } from '../../src/resp/request-framer.ts'
import type { How, Step } from './cutting-plan.ts'
import { kindOf, type FrameKind } from './relay-frames.ts'

export interface RelayedHandlers {
  /** The step that this request is for, if any. */
  readonly step: (kind: FrameKind) => Step | null
  /** What the server answered to a request that was held back. */
  readonly lateReply: (kind: FrameKind, reply: string) => void
  readonly closed: () => void
}

interface Waiting {
  readonly kind: FrameKind
  readonly step: Step | null
  readonly late: boolean
}

/** One connection of a gateway to a server, which passes on whole requests and replies until a step says otherwise. */
export class RelayedConnection {
  private readonly gateway: Socket
  private readonly server: Socket
  private readonly handlers: RelayedHandlers
  private readonly requests = new RequestFramer(requestLimits)
  private readonly replies = new ReplyFramer(replyLimits)
  /** Requests that the server has not answered. */
  private readonly waiting: Waiting[] = []
  private readonly heldBack: { readonly kind: FrameKind; readonly bytes: Buffer }[] = []
  private state: 'open' | 'paused' | 'late' | 'silent' | 'closed' = 'open'

  constructor(
    gateway: Socket,
    address: { readonly host: string; readonly port: number },
    handlers: RelayedHandlers,
  ) {
    this.gateway = gateway
    this.handlers = handlers
    this.server = createConnection({ ...address, noDelay: true })
    gateway.setNoDelay(true)
    gateway.on('data', (chunk: Buffer) => {
      this.fromGateway(chunk)
    })
    this.server.on('data', (chunk: Buffer) => {
      this.fromServer(chunk)
    })
    for (const socket of [gateway, this.server]) {
      socket.on('error', () => undefined)
      for (const end of ['end', 'close'] as const)
        socket.on(end, () => {
          // what was held back outlives the gateway's side
          if (this.state !== 'late' || socket === this.server) this.cut()
        })
    }
  }

  /** When it is known to the relay. */
  begin(): void {
    const step = this.handlers.step('connect')
    if (step !== null) this.cut(step.how)
  }

  /** Lets go what was held back. */
  release(): void {
    const late = this.state === 'late'
    if (this.state === 'paused') this.state = 'open'
    for (const { kind, bytes } of this.heldBack.splice(0)) this.pass({ kind, step: null, late }, bytes)
  }

  /** `fin`: what is written already arrives. */
  cut(how: How = 'fin'): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    for (const socket of [this.gateway, this.server]) {
      if (how === 'rst') socket.resetAndDestroy()
      else socket.end()
    }
    this.handlers.closed()
  }

  private fromGateway(chunk: Buffer): void {
    this.requests.push(chunk)
    for (let request = this.requests.next(); request !== null; request = this.requests.next()) {
      const kind = kindOf(request)
      const bytes = request.raw()
      if (this.state === 'open') this.take(kind, bytes)
      else if (this.state !== 'closed') this.heldBack.push({ kind, bytes })
    }
  }

  private take(kind: FrameKind, bytes: Buffer): void {
    const step = this.handlers.step(kind)
    step?.alongside?.()
    switch (step?.fate) {
      case 'before':
        this.cut(step.how)
        return
      case 'half':
        this.server.write(bytes.subarray(0, bytes.length >> 1))
        this.cut(step.how)
        return
      case 'racing':
        this.server.write(bytes)
        this.cut(step.how)
        return
      case 'paused':
        this.state = 'paused'
        this.heldBack.push({ kind, bytes })
        return
      case 'late':
        this.state = 'late'
        this.heldBack.push({ kind, bytes })
        // the server runs what came before it, and nobody hears what it says
        if (step.how === 'rst') this.gateway.resetAndDestroy()
        else this.gateway.end()
        return
      default:
        this.pass({ kind, step, late: false }, bytes)
    }
  }

  private pass(request: Waiting, bytes: Buffer): void {
    this.waiting.push(request)
    this.server.write(bytes)
  }

  private fromServer(chunk: Buffer): void {
    if (this.state === 'closed') return
    this.replies.push(chunk)
    while (this.replies.next()) {
      const reply = this.replies.slice()
      const request = this.replies.type === replyType.push ? undefined : this.waiting.shift()
      if (request?.late === true) this.handlers.lateReply(request.kind, reply.toString('latin1'))
      if (this.state === 'silent' || this.state === 'late') continue
      const step = request?.step
      switch (step?.fate) {
        case 'unanswered':
          this.cut(step.how)
          return
        case 'half-answer':
          this.gateway.write(reply.subarray(0, reply.length >> 1))
          this.cut(step.how)
          return
        case 'answered':
          this.gateway.write(reply)
          this.cut(step.how)
          return
        case 'silent':
          this.state = 'silent'
          continue
        default:
          this.gateway.write(reply)
      }
    }
  }
}
