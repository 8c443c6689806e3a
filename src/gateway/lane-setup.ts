import type { Primary } from '../discovery/discovery.ts'
import { decodeReply, ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { Connection } from './connection.ts'
import type { LaneContext } from './lane-context.ts'
import { scripts } from './lane-scripts.ts'
import type { Marker } from './marker.ts'
import { saysRefusal } from './refusals.ts'

export interface LaneReady {
  /** The user may run scripts: batches, and confirmations of the lane's own. */
  readonly direct: boolean
  /** Redis asks who it is. */
  readonly nobody: boolean
  /** What the marker said: decoded, and as it came. Null: it was not asked. */
  readonly marker: { readonly reply: Reply; readonly raw: Buffer } | null
}

const reset = encodeCommand(['RESET'])
const server = encodeCommand(['INFO', 'server'])
const loads = Object.values(scripts).map(({ body }) => encodeCommand(['SCRIPT', 'LOAD', body]))

/** Makes a new connection a lane: its user, protocol and database, the process that is meant, the scripts, the marker. */
export class LaneSetup {
  private readonly context: LaneContext
  private readonly connection: Connection
  private readonly primary: Primary
  private readonly marker: Marker
  private readonly done: (ready: LaneReady) => void
  private replies: Reply[] = []
  private lastRaw = Buffer.alloc(0)
  private left = 0
  private then: (replies: readonly Reply[]) => void = () => undefined

  constructor(
    context: LaneContext,
    connection: Connection,
    primary: Primary,
    marker: Marker,
    done: (ready: LaneReady) => void,
  ) {
    this.context = context
    this.connection = connection
    this.primary = primary
    this.marker = marker
    this.done = done
  }

  begin(): void {
    const restore = this.context.restore()
    if (restore.length === 0) {
      this.prepare()
      return
    }
    this.ask(restore, (replies) => {
      // Who set the connection up must never be who runs commands: as nobody, then, and Redis says so itself.
      if (!(replies.at(-1) instanceof ReplyError)) this.prepare()
      else
        this.ask([reset], () => {
          this.prepare()
        })
    })
  }

  read(framer: ReplyFramer): void {
    while (this.left > 0 && framer.next()) {
      if (framer.type === replyType.push) continue
      this.left--
      if (this.left === 0) this.lastRaw = Buffer.from(framer.slice())
      this.replies.push(decodeReply(framer.slice()))
      if (this.left === 0) this.then(this.replies)
    }
  }

  private prepare(): void {
    const { context, marker } = this
    const exactly = context.delivery === 'exactly-once'
    const scripted = exactly || context.confirms === 'in-sync'
    const commands = [server, ...(scripted ? loads : []), ...(exactly ? [marker.begin()] : [])]
    this.ask(commands, (replies) => {
      const [info] = replies
      const run = typeof info === 'string' ? /run_id:(\w+)/.exec(info)?.[1] : undefined
      const failed = replies.find((reply) => reply instanceof ReplyError)
      if (run !== undefined && run !== this.primary.run)
        this.connection.close('another process than the primary')
      else if (failed instanceof ReplyError && saysRefusal(failed.message))
        this.connection.close(failed.message)
      else {
        const direct = failed === undefined && scripted
        const said = direct && exactly ? { reply: replies.at(-1) ?? null, raw: this.lastRaw } : null
        const nobody = info instanceof ReplyError && info.message.startsWith('NOAUTH')
        this.done({ direct, nobody, marker: said })
      }
    })
  }

  private ask(commands: readonly Buffer[], then: (replies: readonly Reply[]) => void): void {
    this.replies = []
    this.left = commands.length
    this.then = then
    this.connection.write([Buffer.concat(commands)])
  }
}
