import type { TestContext } from 'node:test'
import type { Redis } from 'ioredis'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { plainConnect, type Purpose } from '../../src/gateway/connection.ts'
import { standaloneTopology } from '../../src/gateway/standalone.ts'
import type { RedisCredentials } from '../../src/discovery/redis-client.ts'
import { defaultGatewaySettings, type Delivery } from '../../src/spec/gateway-settings.ts'
import { startBareRedis, type BareRedis } from './bare-redis.ts'
import { eventually } from './eventually.ts'
import { startFakeSentinel, type FakeSentinel } from './fake-sentinel.ts'
import { RawClient } from './raw-client.ts'
import { quietLog } from './redis-group.ts'

export interface LoneGatewayOptions {
  /** A loopback address of the test's own. */
  readonly host: string
  readonly redisArgs?: readonly string[]
  /** Run on the primary before there is a gateway. */
  readonly setup?: readonly (readonly [string, ...string[]])[]
  readonly nodeCredentials?: RedisCredentials
  readonly holdMs?: number
  readonly ack?: number
  readonly delivery?: Delivery
}

/** A gateway before one redis-server, which a sentinel of the test's own names: all that a question about the gateway alone needs. */
export class LoneGateway {
  readonly host: string
  readonly port = 6390
  readonly redis: BareRedis
  /** Past the gateway. */
  readonly direct: Redis
  readonly sentinel: FakeSentinel
  readonly gateway: Gateway
  /** Connections to the primary so far. */
  readonly opened: Readonly<Record<Purpose, number>>

  private constructor(
    redis: BareRedis,
    direct: Redis,
    sentinel: FakeSentinel,
    gateway: Gateway,
    opened: Readonly<Record<Purpose, number>>,
  ) {
    this.host = redis.host
    this.redis = redis
    this.direct = direct
    this.sentinel = sentinel
    this.gateway = gateway
    this.opened = opened
  }

  static async start(t: TestContext, options: LoneGatewayOptions): Promise<LoneGateway> {
    const { host, redisArgs = [], setup = [], nodeCredentials = null, holdMs = 3000 } = options
    const redis = await startBareRedis({ host, extraArgs: redisArgs })
    const direct = redis.connect()
    direct.on('error', () => undefined)
    for (const [name, ...args] of setup) await direct.call(name, ...args)
    const sentinel = await startFakeSentinel({ host, port: 26379 }, 'a'.repeat(40))
    sentinel.names = { host, port: redis.port, epoch: 1 }
    const opened = { lane: 0, attachment: 0, door: 0, signals: 0 }
    const { limits } = defaultGatewaySettings
    const sentinels = [{ host, port: 26379 }]
    const topology = standaloneTopology(
      {
        name: 'lone',
        sentinels,
        listen: { host, port: 6390 },
        adminListen: { host, port: 6391 },
        ack: options.ack ?? 0,
        delivery: options.delivery ?? 'exactly-once',
        reads: 'confirmed',
        holdMs,
        markersDb: 15,
        redis: nodeCredentials,
        sentinel: null,
      },
      limits,
    )
    const gateway = await startGateway({
      topology,
      standalone: { sentinels, name: 'lone' },
      nodeCredentials,
      sentinelCredentials: null,
      log: quietLog,
      connect: (address, purpose) => {
        opened[purpose]++
        return plainConnect(address, purpose)
      },
    })
    t.after(async () => {
      await gateway.stop(0)
      await sentinel.stop()
      direct.disconnect()
      await redis.kill()
    })
    const scene = new LoneGateway(redis, direct, sentinel, gateway, opened)
    await scene.reachable()
    return scene
  }

  async reachable(): Promise<void> {
    await eventually('a primary', 15_000, () => {
      const status = this.gateway.status()
      return status.reachable || JSON.stringify(status)
    })
  }

  open(): Promise<RawClient> {
    return RawClient.open(this.host, this.port)
  }
}
