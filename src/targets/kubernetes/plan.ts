import { HoldfastError } from '../../errors.ts'
import { ApiError, isNotFound } from '../../kubernetes/api-error.ts'
import { isKind, type Kind } from '../../kubernetes/paths.ts'
import type { Manifest } from '../../render/kubernetes/objects.ts'
import { noNamespace, pathIn, selectorText, type Cluster } from './cluster.ts'
import { differences } from './diff.ts'

export const fieldManager = 'holdfast'

export interface PlannedChange {
  readonly kind: Kind
  readonly name: string
  readonly action: 'create' | 'change' | 'remove'
  /** null: it is removed. */
  readonly object: Manifest | null
  /** What becomes of which field. */
  readonly lines: readonly string[]
}

/** Kinds of which a spec may have fewer objects than before. */
const prunable: readonly Kind[] = ['Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy']

/** What an apply of these objects would change: the cluster is asked, and nothing is written. */
export async function plan(
  cluster: Cluster,
  objects: readonly Manifest[],
  signal: AbortSignal,
): Promise<readonly PlannedChange[]> {
  const [changes, left] = await Promise.all([
    Promise.all(objects.map((object) => planned(cluster, object, signal))),
    Promise.all(prunable.map((kind) => leftOver(cluster, kind, objects, signal))),
  ])
  return [...changes.flat(), ...left.flat()]
}

async function planned(
  cluster: Cluster,
  object: Manifest,
  signal: AbortSignal,
): Promise<readonly PlannedChange[]> {
  const { kind, name, path } = locate(cluster, object)
  const before = await cluster.api.find<Manifest>(path, { signal })
  if (before === null) return [{ kind, name, action: 'create', object, lines: [] }]
  const after = await applied(cluster, object, true, signal)
  const lines = differences(before, after)
  return lines.length === 0 ? [] : [{ kind, name, action: 'change', object, lines }]
}

/** @throws HoldfastError UNSUPPORTED when the cluster says that it cannot be changed so */
export async function applied(
  cluster: Cluster,
  object: Manifest,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Manifest> {
  const { kind, name, path } = locate(cluster, object)
  try {
    return await cluster.api.apply<Manifest>(path, object, { fieldManager, dryRun, signal })
  } catch (error) {
    if (isNotFound(error)) throw noNamespace(cluster, error)
    if (!(error instanceof ApiError) || error.status !== 422) throw error
    const hint =
      kind === 'StatefulSet'
        ? 'Class and size of the storage of Redis nodes cannot be changed: set them back in the spec, or give the new deployment another name.'
        : 'Correct the spec, then ./holdfast up.'
    throw new HoldfastError(
      'UNSUPPORTED',
      `the cluster does not take the ${kind} ${name}: ${error.message}`,
      {
        exitCode: 2,
        hint,
      },
    )
  }
}

async function leftOver(
  cluster: Cluster,
  kind: Kind,
  objects: readonly Manifest[],
  signal: AbortSignal,
): Promise<readonly PlannedChange[]> {
  const wanted = new Set(
    objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata?.name),
  )
  const query = { labelSelector: selectorText(cluster) }
  const found = await cluster.api.list<Manifest>(pathIn(cluster, kind), { query, signal })
  return found
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => !wanted.has(name))
    .map((name) => ({ kind, name, action: 'remove' as const, object: null, lines: [] }))
}

function locate(cluster: Cluster, { kind, metadata }: Manifest): { kind: Kind; name: string; path: string } {
  const name = metadata?.name ?? ''
  if (!isKind(kind)) throw new Error(`no path for ${String(kind)} ${name}`)
  return { kind, name, path: pathIn(cluster, kind, name) }
}

/** One line for a person: `Deployment counter: spec.replicas: 5 → 3`. */
export function inWords({ kind, name, action, lines }: PlannedChange): string {
  const [first, ...more] = lines
  const what =
    action === 'create'
      ? 'is new'
      : action === 'remove'
        ? 'is removed: the spec has it no more'
        : (first ?? '')
  return `${kind} ${name}${action === 'change' ? ': ' : ' '}${what}${more.length > 0 ? ` (and ${String(more.length)} more)` : ''}`
}

/** Everything that would change, as a diff. */
export function asDiff({ kind, name, action, lines }: PlannedChange): readonly string[] {
  const sign = { create: '+', change: '~', remove: '-' }[action]
  return [`${sign} ${kind} ${name}`, ...lines.map((line) => `    ${line}`)]
}
