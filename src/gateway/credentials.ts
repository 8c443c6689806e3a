import { derivedSecret } from '../platform/derived-secret.ts'
import type { GatewayOptions } from './gateway-options.ts'

/** As whom a deployment's gateway logs in. @param internal the secret between Holdfast's own parts */
export function gatewayCredentials(
  internal: string,
): Required<Pick<GatewayOptions, 'nodeCredentials' | 'sentinelCredentials' | 'standIn'>> {
  const own = { user: 'holdfast-gateway', password: derivedSecret(internal, 'gateway') }
  return {
    nodeCredentials: own,
    sentinelCredentials: own,
    standIn: {
      user: 'default',
      as: { user: 'holdfast-batch', password: derivedSecret(internal, 'batch') },
      password: derivedSecret(internal, 'default'),
    },
  }
}
