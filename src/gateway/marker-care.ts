import type { RedisClient } from '../discovery/redis-client.ts'
import { careScript, gatewaysKey } from '../insync/marker-scripts.ts'

/** Well below the time after which others take this gateway for gone. */
const everyMs = 3_600_000
const timeoutMs = 1000

/** Keeps the markers' database free of what gateways left that are gone, and this one's own from being taken for it. */
export class MarkerCare {
  private readonly id: string
  private readonly control: () => RedisClient | null
  private readonly timer: NodeJS.Timeout

  constructor(id: string, control: () => RedisClient | null) {
    this.id = id
    this.control = control
    this.timer = setInterval(() => {
      this.run()
    }, everyMs)
    this.timer.unref()
  }

  /** Also when another primary was taken up. What fails is done the next time. */
  run(): void {
    void this.send([['EVAL', careScript, '0', this.id]])
  }

  remove(keys: readonly string[]): void {
    if (keys.length > 0) void this.send([['DEL', ...keys]])
  }

  /** @param keys the markers that are left; nobody will ask for them again */
  async stop(keys: readonly string[]): Promise<void> {
    clearInterval(this.timer)
    await this.send([...(keys.length > 0 ? [['DEL', ...keys]] : []), ['HDEL', gatewaysKey, this.id]])
  }

  private async send(commands: readonly (readonly string[])[]): Promise<void> {
    try {
      await this.control()?.send(commands, timeoutMs)
    } catch {
      // the connection was lost: the markers are found by whoever looks next
    }
  }
}
