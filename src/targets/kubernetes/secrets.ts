import { HoldfastError } from '../../errors.ts'
import { isConflict, isForbidden, isNotFound } from '../../kubernetes/api-error.ts'
import type { Secret } from '../../render/kubernetes/objects.ts'
import type { Secrets } from '../target.ts'
import { noNamespace, pathIn, type Cluster } from './cluster.ts'

/** Before a Redis that asks for no password there is no Secret. */
const none: Secrets = { password: '', internal: '' }

/** @returns what the deployment runs with; null: there is no such Secret, or it may not be read */
export async function readSecrets(cluster: Cluster, signal?: AbortSignal): Promise<Secrets | null> {
  if (needsNoSecret(cluster)) return none
  const name = secretNameOf(cluster)
  const options = signal === undefined ? {} : { signal }
  try {
    return decode(cluster, await cluster.api.find<Secret>(pathIn(cluster, 'Secret', name), options))
  } catch (error) {
    if (isForbidden(error)) return null
    throw error
  }
}

/**
 * Makes the Secret where there is none; one that is there is never changed.
 * @param wanted the Secret to make; null: the spec names one that somebody else makes
 * @param password what the spec says; null: it is generated
 * @returns whether it was made
 * @throws HoldfastError SECRET_INVALID
 */
export async function settleSecret(
  cluster: Cluster,
  wanted: (() => Secret) | null,
  password: string | null,
  signal: AbortSignal,
): Promise<boolean> {
  if (needsNoSecret(cluster)) return false
  const name = secretNameOf(cluster)
  const path = pathIn(cluster, 'Secret', name)
  const found = await cluster.api.find<Secret>(path, { signal })
  if (found === null) {
    if (wanted === null) throw missing(cluster)
    try {
      await cluster.api.create(pathIn(cluster, 'Secret'), wanted(), { signal })
      return true
    } catch (error) {
      if (isConflict(error)) return await settleSecret(cluster, wanted, password, signal)
      throw isNotFound(error) ? noNamespace(cluster, error) : error
    }
  }
  const kept = decode(cluster, found)
  if (kept === null) throw missing(cluster)
  if (password !== null && password !== kept.password && wanted !== null) {
    throw new HoldfastError('SECRET_INVALID', `redis.password is another one than the Secret ${name} has`, {
      exitCode: 2,
      hint: `A password cannot be changed while the nodes run: ./holdfast down, then kubectl -n ${cluster.settings.namespace} delete secret ${name}, then ./holdfast up. The data stays.`,
    })
  }
  return false
}

export function secretNameOf({ name, settings }: Cluster): string {
  return settings.existingSecret ?? name
}

function needsNoSecret({ settings }: Cluster): boolean {
  return settings.existingRedis !== null && settings.existingSecret === null
}

function missing(cluster: Cluster): HoldfastError {
  const { namespace, existingRedis } = cluster.settings
  const keys = [...new Set(keysOf(cluster))]
  const named = `${keys.length === 1 ? 'the key' : 'the keys'} ${keys.join(' and ')}`
  const message = `the namespace ${namespace} has no Secret ${secretNameOf(cluster)} with ${named}`
  return new HoldfastError('SECRET_INVALID', message, {
    exitCode: 2,
    hint:
      existingRedis === null
        ? 'docs/kubernetes.md says how to make it; without kubernetes.existingSecret one is made.'
        : 'It has to be in the namespace of the application: docs/kubernetes.md says how to make it.',
  })
}

/** What has to be in the Secret. */
function keysOf({ settings: { existingRedis } }: Cluster): readonly string[] {
  if (existingRedis === null) return ['password', 'internal']
  const { passwordKey, sentinelPasswordKey } = existingRedis
  return sentinelPasswordKey === null ? [passwordKey] : [passwordKey, sentinelPasswordKey]
}

/** Holdfast's own parts have a secret between them where there are Redis nodes. */
function decode(cluster: Cluster, secret: Secret | null): Secrets | null {
  const values = keysOf(cluster).map((key) => secret?.data?.[key])
  if (values.some((value) => value === undefined)) return null
  const [password = '', internal = ''] = values.map((value) => Buffer.from(value ?? '', 'base64').toString())
  return { password, internal: cluster.settings.existingRedis === null ? internal : '' }
}
