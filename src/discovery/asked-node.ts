import { addressKey } from './address.ts'
import { NodeLink, type NodeLinkOptions } from './node-link.ts'
import type { RedisAddress } from './redis-client.ts'

const hotForMs = 10_000
/** A refused connection is not tried again sooner than this. */
const retryConnectMs = 15

/** A node that is asked whether it is the primary, or followed. */
export class AskedNode {
  readonly address: RedisAddress
  readonly key: string
  readonly link: NodeLink
  saidMaster = false
  private hotUntilMs = 0
  private retryAtMs = 0
  private refusal = ''

  constructor(options: NodeLinkOptions, nowMs: number) {
    this.address = options.address
    this.key = addressKey(options.address)
    this.link = new NodeLink(options)
    this.heat(nowMs)
  }

  /** Something happens there: it is asked often for a while. */
  heat(nowMs: number): void {
    this.hotUntilMs = nowMs + hotForMs
  }

  isHot(nowMs: number): boolean {
    return this.hotUntilMs > nowMs
  }

  retryLater(nowMs: number): void {
    this.retryAtMs = nowMs + retryConnectMs
  }

  mayBeAsked(nowMs: number): boolean {
    return this.retryAtMs <= nowMs
  }

  /** @returns whether this is another reason than the last one, so worth noting */
  refuse(why: string): boolean {
    const isNews = this.refusal !== why
    this.refusal = why
    return isNews
  }
}
