import type { RedisClient } from '../discovery/redis-client.ts'
import { ReplyError } from '../resp/decode.ts'
import { careScript, gatewaysKey } from '../insync/marker-scripts.ts'

/** Well below the time after which others take this gateway for gone. */
const everyMs = 3_600_000
const timeoutMs = 1000

/** Keeps the markers' database free of what gateways left that are gone, and this one's own from being taken for it. */
export class MarkerCare {
  private readonly id: string
  private readonly control: () => RedisClient | null
  private readonly timer: NodeJS.Timeout
  /** Markers that nobody will ask for again, and that are not known to be gone. */
  private readonly left = new Set<string>()

  constructor(id: string, control: () => RedisClient | null) {
    this.id = id
    this.control = control
    this.timer = setInterval(() => {
      this.run()
    }, everyMs)
    this.timer.unref()
  }

  /** Also when a primary was taken up, or answers again. What fails is done the next time. */
  run(): void {
    void this.send([['EVAL', careScript, '0', this.id]])
    void this.removeLeft()
  }

  remove(keys: readonly string[]): void {
    for (const key of keys) this.left.add(key)
    void this.removeLeft()
  }

  /** @param keys the markers that are left; nobody will ask for them again */
  async stop(keys: readonly string[]): Promise<void> {
    clearInterval(this.timer)
    for (const key of keys) this.left.add(key)
    await this.removeLeft()
    await this.send([['HDEL', gatewaysKey, this.id]])
  }

  private async removeLeft(): Promise<void> {
    const keys = [...this.left]
    if (keys.length > 0 && (await this.send([['DEL', ...keys]])))
      for (const key of keys) this.left.delete(key)
  }

  /** @returns whether it was done */
  private async send(commands: readonly (readonly string[])[]): Promise<boolean> {
    try {
      const replies = await this.control()?.send(commands, timeoutMs)
      return replies?.some((reply) => reply instanceof ReplyError) === false
    } catch {
      // the connection was lost: the markers are found by whoever looks next
      return false
    }
  }
}
