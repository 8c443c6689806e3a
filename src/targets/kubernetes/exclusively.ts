import { hostname } from 'node:os'
import { isNotFound } from '../../kubernetes/api-error.ts'
import { withLease } from '../../kubernetes/lease.ts'
import type { TargetContext } from '../target.ts'
import { noNamespace, selectorText, type Cluster } from './cluster.ts'

/** Runs while no other command changes the deployment, or while no other verify breaks it. */
export async function exclusively<T>(
  cluster: Cluster,
  context: TargetContext,
  work: (context: TargetContext) => Promise<T>,
  purpose: 'operation' | 'verify' = 'operation',
): Promise<T> {
  const { name, settings, api } = cluster
  const lease = {
    namespace: settings.namespace,
    name: `${name}-${purpose}`,
    what: name,
    holder: `${process.env.USER ?? process.env.LOGNAME ?? 'somebody'} on ${hostname()}, pid ${String(process.pid)}`,
    labels: labelsIn(selectorText(cluster)),
    signal: context.signal,
    waiting: (text: string) => {
      context.progress.waiting(text)
    },
  }
  const lock = { isHeld: false }
  try {
    return await withLease(api, lease, async (signal) => {
      lock.isHeld = true
      return await work({ ...context, signal })
    })
  } catch (error) {
    throw !lock.isHeld && isNotFound(error) ? noNamespace(cluster, error) : error
  }
}

function labelsIn(selector: string): Readonly<Record<string, string>> {
  return Object.fromEntries(selector.split(',').map((pair) => pair.split('=') as [string, string]))
}
