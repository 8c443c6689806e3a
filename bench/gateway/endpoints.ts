import { join } from 'node:path'
import { findManaged } from '../../src/platform/managed-process.ts'
import type { Status } from '../../src/targets/status.ts'
import { createDeployment } from '../support/deployment.ts'
import { passThrough, startGatewayProcess } from '../support/gateway-process.ts'
import { startTcpProxy } from './tcp-proxy.ts'

export const endpointNames = ['direct', 'haproxy', 'pass-through', 'full'] as const
export type EndpointName = (typeof endpointNames)[number]

export interface Endpoint {
  readonly name: EndpointName
  readonly host: string
  readonly port: number
  readonly password: string
  readonly pid: number
  /** Ends it, where that writes its profile. */
  readonly stop: () => Promise<void>
}

const proxyHost = '127.90.6.1'

/** Four ways to the primary of one deployment: straight, HAProxy, a gateway that only passes on, a gateway with the default settings. */
export async function startEndpoints(
  scope: AsyncDisposableStack,
  profile: string | undefined,
): Promise<readonly Endpoint[]> {
  const deployment = await createDeployment(scope, { network: '127.90.5' })
  await deployment.holdfast('up')
  const status = await deployment.healthy()
  const primary = primaryOf(status)
  const running = findManaged(deployment.stateDir)
  const pid = running.find(({ component, stray }) => component === status.primary && !stray)?.pid ?? 0
  const { password } = await deployment.target.connection()
  const gateway = async (name: 'pass-through' | 'full'): Promise<Endpoint> => {
    const started = await startGatewayProcess(scope, {
      stateDir: deployment.stateDir,
      host: proxyHost,
      password,
      settings: name === 'full' ? {} : passThrough,
      profile: profile === undefined ? undefined : join(profile, name),
    })
    return { name, host: started.host, port: started.port, password, pid: started.pid, stop: started.stop }
  }
  const stop = () => Promise.resolve()
  return [
    { name: 'direct', ...primary, password, pid, stop },
    { name: 'haproxy', ...(await startTcpProxy(scope, proxyHost, primary)), password, stop },
    await gateway('pass-through'),
    await gateway('full'),
  ]
}

function primaryOf(status: Status): { readonly host: string; readonly port: number } {
  const address = status.nodes.find(({ name }) => name === status.primary)?.address ?? ''
  const [host = '', port] = address.split(':')
  return { host, port: Number(port) }
}
