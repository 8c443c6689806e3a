import { encodeCommand } from '../resp/encode.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { NodeProbe, ProbeQuestions } from './node-probe.ts'
import { RedisClient, type RedisAddress, type RedisCredentials } from './redis-client.ts'

export interface NodeLinkOptions {
  readonly address: RedisAddress
  readonly credentials: RedisCredentials | null
  readonly markersDb: number
  readonly probe: ProbeQuestions
  /** A connection attempt, or a probe, that takes longer is given up. */
  readonly timeoutMs: number
  /** A connection that had been ready is gone. */
  readonly onLost: (reason: string) => void
  readonly onPush: (push: readonly Reply[]) => void
}

/** The gateway's own connection to one node: asks whether it is primary, and carries the confirmations once it is. */
export class NodeLink {
  /** Why the last attempt or probe failed, for logs and status. */
  problem = ''
  private readonly options: NodeLinkOptions
  private client: RedisClient | null = null
  private selected = false
  private probing = false

  constructor(options: NodeLinkOptions) {
    this.options = options
  }

  /** Ready for confirmations; null: the link is down. */
  get connection(): RedisClient | null {
    return this.selected && this.client?.ready === true ? this.client : null
  }

  /**
   * Asks the node about itself, opening the connection when there is none.
   * @param timeoutMs what takes longer costs the connection
   * @returns null when it does not answer, or an earlier probe is still under way
   */
  async probe(timeoutMs = this.options.timeoutMs): Promise<NodeProbe | null> {
    if (this.probing) return null
    this.probing = true
    try {
      const client = this.connection ?? (await this.open())
      const { bytes, count, read } = this.options.probe
      const probe = read(await client.sendRaw(bytes, count, timeoutMs))
      this.problem = ''
      return probe
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error)
      return null
    } finally {
      this.probing = false
    }
  }

  close(reason: string): void {
    this.client?.close(reason)
  }

  private open(): Promise<RedisClient> {
    this.client?.close('replaced')
    const { address, credentials, markersDb, timeoutMs } = this.options
    return new Promise((resolve, reject) => {
      const client: RedisClient = new RedisClient(
        {
          ...address,
          credentials,
          connectTimeoutMs: timeoutMs,
          onPush: this.options.onPush,
          onClose: (reason) => {
            reject(new Error(reason))
            if (this.client !== client) return
            const wasReady = this.selected
            this.client = null
            this.selected = false
            if (wasReady) this.options.onLost(reason)
          },
        },
        () => {
          client.sendRaw(encodeCommand(['SELECT', String(markersDb)]), 1, timeoutMs).then(([reply]) => {
            if (reply instanceof ReplyError) {
              client.close(reply.message)
              return
            }
            this.selected = true
            resolve(client)
          }, reject)
        },
      )
      this.client = client
    })
  }
}
