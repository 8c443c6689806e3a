import type { RedisClient } from '../discovery/redis-client.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Request } from '../resp/request.ts'

const mostScripts = 1000
const mostBytes = 4 * 1024 * 1024
const timeoutMs = 2000

/** Scripts that went through the gateway: another primary is given them before anything else, since clients may know them by name only. */
export class ScriptCache {
  /** A new primary is being given them. */
  loading = false
  /** Bodies as latin1 texts, the one used longest ago first. */
  private readonly bodies = new Set<string>()
  private bytes = 0

  get size(): number {
    return this.bodies.size
  }

  /** A command that may bring a script, or take all away. */
  saw(request: Request): void {
    if (request.name === 'EVAL' || request.name === 'EVAL_RO') this.add(request.arg(1))
    else if (request.name !== 'SCRIPT') return
    else if (request.keyword(1) === 'LOAD') this.add(request.arg(2))
    else if (request.keyword(1) === 'FLUSH') this.clear()
  }

  /** @param then when the primary has them, or cannot be given them any more */
  load(connection: RedisClient | null, then: () => void): void {
    if (connection === null || this.bodies.size === 0) {
      then()
      return
    }
    const commands = [...this.bodies].map((body) => encodeCommand(['SCRIPT', 'LOAD', body], 'latin1'))
    this.loading = true
    connection
      .sendRaw(Buffer.concat(commands), commands.length, timeoutMs)
      .catch(() => undefined)
      .finally(() => {
        this.loading = false
        then()
      })
  }

  private add(body: string | undefined): void {
    if (body === undefined || body.length > mostBytes) return
    if (!this.bodies.delete(body)) this.bytes += body.length
    this.bodies.add(body)
    for (const oldest of this.bodies) {
      if (this.bodies.size <= mostScripts && this.bytes <= mostBytes) break
      this.bodies.delete(oldest)
      this.bytes -= oldest.length
    }
  }

  private clear(): void {
    this.bodies.clear()
    this.bytes = 0
  }
}
