import type { TargetContext } from '../targets/target.ts'
import type { PathCut } from '../verify/errors.ts'
import type { FaultDriver } from '../verify/faults/fault.ts'
import type { RedisEndpoint } from '../verify/workloads/workload.ts'
import type { Deployment } from './deployment.ts'

/** What the drill calls. */
export interface VerifyEndpoints {
  readonly url: string
  readonly redis: readonly RedisEndpoint[]
  /** Those that no fault touches. */
  readonly untouched: readonly string[]
  readonly cuts: () => readonly PathCut[]
  readonly routed: boolean
  /** For the report. */
  readonly settings: Readonly<Record<string, string>>
}

/**
 * @param scope what is opened for it is closed with it
 * @param second whether the drill may have a gateway of its own beside that of the deployment
 */
export async function openEndpoints(
  { target, stateDir, spec }: Deployment,
  driver: FaultDriver,
  scope: AsyncDisposableStack,
  { second, signal }: { readonly second: boolean; readonly signal: TargetContext['signal'] },
): Promise<VerifyEndpoints> {
  if (driver.reach !== undefined) {
    const { url, redis, words, cuts } = await driver.reach()
    const gateways =
      spec.kubernetes.gateways === 0 ? 'beside the instances' : String(spec.kubernetes.gateways)
    return { url, redis, untouched: [], cuts, routed: true, settings: { gateways, called: words } }
  }
  const status = await driver.observe()
  const own = await target.connection()
  const { startSecondGateway } = await import('../targets/local/second-gateway.ts')
  const other = second && status.state === 'healthy' ? await startSecondGateway(stateDir, signal) : null
  if (other !== null) scope.defer(() => other.stop())
  return {
    url: status.frontDoor.url.replace('//localhost:', '//127.0.0.1:'),
    redis: other === null ? [own] : [own, { ...own, host: other.host, port: other.port }],
    untouched: other === null ? [] : [`${other.host}:${other.port}`],
    cuts: () => [],
    routed: false,
    settings: { gateways: other === null ? '1' : '2, one of them the drill’s own' },
  }
}
