import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayOptions } from '../../src/gateway/gateway-options.ts'
import { gatewayCredentials } from '../../src/gateway/credentials.ts'
import { derivedSecret } from '../../src/platform/derived-secret.ts'
import { startBareRedis, type BareRedis } from './bare-redis.ts'
import {
  applicationUsers,
  clientPassword,
  internalCredentials,
  internalSecret,
  type ClientRights,
} from './redis-group.ts'

/** A Redis to compare a gateway with, whose clients may the same. */
export async function startDirect(clients: ClientRights, host: string): Promise<BareRedis> {
  if (clients === 'everything') return startBareRedis({ host, password: clientPassword })
  const aclFile = join(mkdtempSync(join(tmpdir(), 'holdfast-direct-')), 'users.acl')
  // a gateway says by itself that there is no database past the last, and so does a Redis, to whoever may select it
  writeFileSync(aclFile, `${applicationUsers(17).join('\n')}\n`)
  return startBareRedis({ host, extraArgs: ['--aclfile', aclFile] })
}

/** As whom a gateway is before nodes whose clients may that. */
export function gatewaySettings(
  clients: ClientRights,
): Pick<GatewayOptions, 'nodeCredentials' | 'sentinelCredentials' | 'standIn'> {
  const own = { nodeCredentials: internalCredentials, sentinelCredentials: internalCredentials }
  return clients === 'everything'
    ? own
    : { ...gatewayCredentials(internalSecret), sentinelCredentials: internalCredentials }
}

/** Who may empty both. */
export function cleanAs(clients: ClientRights): readonly string[] {
  return clients === 'everything'
    ? ['AUTH', clientPassword]
    : ['AUTH', 'operator', derivedSecret(internalSecret, 'operator')]
}
