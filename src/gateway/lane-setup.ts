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
  private keptRaw = Buffer.alloc(0)
  private keptAt = -1
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
          this.prepare(true)
        })
    })
  }

  read(framer: ReplyFramer): void {
    while (this.left > 0 && framer.next()) {
      if (framer.type === replyType.push) continue
      this.left--
      if (this.replies.length === this.keptAt) this.keptRaw = Buffer.from(framer.slice())
      this.replies.push(decodeReply(framer.slice()))
      if (this.left === 0) this.then(this.replies)
    }
  }

  /** @param isNobody Redis did not take its user's word */
  private prepare(isNobody = false): void {
    const { context, marker } = this
    const standIn = isNobody ? null : context.standIn
    const exactly = context.delivery === 'exactly-once'
    const scripted = exactly || context.confirms === 'in-sync'
    const before = [server, ...(scripted ? loads : [])]
    const begin = exactly ? [marker.begin()] : []
    const own = standIn === null || !scripted ? begin : [standIn.enter, ...begin, standIn.leave]
    this.keptAt = before.length + own.indexOf(begin[0] ?? server)
    this.ask([...before, ...own], (replies) => {
      const [info] = replies
      const run = typeof info === 'string' ? /run_id:(\w+)/.exec(info)?.[1] : undefined
      const failed = replies.find((reply) => reply instanceof ReplyError)
      if (run !== undefined && run !== this.primary.run)
        this.connection.close('another process than the primary')
      else if (failed instanceof ReplyError && saysRefusal(failed.message))
        this.connection.close(failed.message)
      else if (
        own.length > 1 &&
        replies.at(-1) instanceof ReplyError &&
        !(replies[before.length] instanceof ReplyError)
      )
        this.connection.close('it is somebody else')
      else {
        const direct = failed === undefined && scripted
        const said = direct && exactly ? { reply: replies[this.keptAt] ?? null, raw: this.keptRaw } : null
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
