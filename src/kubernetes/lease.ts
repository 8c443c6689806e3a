import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../errors.ts'
import type { Lease } from '../render/kubernetes/objects.ts'
import type { ClusterApi } from './api.ts'
import { isConflict, isNotFound } from './api-error.ts'
import { pathOf } from './paths.ts'

const durationS = 15
const renewMs = 4000
const lookMs = 500

export interface LeaseOptions {
  readonly namespace: string
  readonly name: string
  /** What is locked, for a person. */
  readonly what: string
  /** Who holds it, for a person. */
  readonly holder: string
  readonly labels: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly waiting: (text: string) => void
}

/**
 * Runs work while nobody else does: https://kubernetes.io/docs/concepts/architecture/leases/. The signal that the work is handed also
 * aborts when the lease is lost. A holder that died is noticed by that it does not renew, measured by the own clock.
 * @throws HoldfastError BUSY when another holder is alive
 */
export async function withLease<T>(
  api: ClusterApi,
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let held = await take(api, options)
  const lost = new AbortController()
  const path = pathOf('Lease', options.namespace, options.name)
  const ended = new AbortController()
  const renewing = (async () => {
    let renewedAt = performance.now()
    for (;;) {
      await delay(renewMs, undefined, { signal: ended.signal })
      try {
        held = await api.replace<Lease>(path, leaseOf(options, held), { signal: ended.signal })
        renewedAt = performance.now()
      } catch (cause) {
        if (ended.signal.aborted) return
        const isLost = isConflict(cause) || isNotFound(cause)
        if (!isLost && performance.now() - renewedAt < (durationS * 1000) / 2) continue
        lost.abort(
          new HoldfastError(
            'BUSY',
            `another command has taken over ${options.what}, or the cluster is away`,
            {
              hint: './holdfast up goes on from here',
              cause,
            },
          ),
        )
        return
      }
    }
  })().catch(() => undefined)
  try {
    return await work(AbortSignal.any([options.signal, lost.signal]))
  } catch (error) {
    if (lost.signal.aborted) throw lost.signal.reason
    throw error
  } finally {
    ended.abort()
    await renewing
    if (!lost.signal.aborted) await release(api, path, held)
  }
}

async function take(api: ClusterApi, options: LeaseOptions): Promise<Lease> {
  const { namespace, name, signal } = options
  const path = pathOf('Lease', namespace, name)
  let seen: { readonly version: string; readonly since: number } | null = null
  for (;;) {
    try {
      return await api.create<Lease>(pathOf('Lease', namespace), leaseOf(options, null), { signal })
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    const other = await api.find<Lease>(path, { signal })
    if (other === null) continue
    const version = other.metadata?.resourceVersion ?? ''
    const who = other.spec?.holderIdentity ?? 'somebody'
    if (seen !== null && seen.version !== version) {
      throw new HoldfastError('BUSY', `another command (${who}) is changing ${options.what} right now`, {
        exitCode: 2,
        hint: 'Wait for it, then do this again.',
      })
    }
    seen ??= { version, since: performance.now() }
    if (performance.now() - seen.since > durationS * 1000) {
      try {
        return await api.replace<Lease>(path, leaseOf(options, other), { signal })
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error
        seen = null
      }
    }
    options.waiting(`another command (${who}): whether it is still at work`)
    await delay(lookMs, undefined, { signal })
  }
}

function leaseOf({ namespace, name, holder, labels }: LeaseOptions, before: Lease | null): Lease {
  const version = before?.metadata?.resourceVersion
  const now = new Date().toISOString().replace('Z', '000Z')
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, labels, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: durationS,
      acquireTime: before?.spec?.holderIdentity === holder ? (before.spec.acquireTime ?? now) : now,
      renewTime: now,
    },
  }
}

/** Ctrl-C must not keep it. A cluster that is away lets it go by itself. */
async function release(api: ClusterApi, path: string, { metadata }: Lease): Promise<void> {
  const { uid, resourceVersion } = metadata ?? {}
  await api
    .remove(path, { preconditions: { uid, resourceVersion } }, { signal: AbortSignal.timeout(5000) })
    .catch(() => undefined)
}
