import type { Manifest } from '../../render/kubernetes/objects.ts'

/** What the API server writes itself. */
const kept = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink']

/**
 * What an object would become, field by field: `spec.replicas: 3 → 5`. Both are as the API server has them, so that defaults
 * are in both. Pure.
 */
export function differences(before: Manifest, after: Manifest): readonly string[] {
  return compare(withoutOwn(before), withoutOwn(after), '')
}

function withoutOwn(object: Manifest): unknown {
  const { metadata, status: _, ...rest } = object as Manifest & { readonly status?: unknown }
  return {
    ...rest,
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).filter(([key]) => !kept.includes(key))),
  }
}

function compare(before: unknown, after: unknown, path: string): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, path)
  if (isMapping(before) && isMapping(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => compare(before[key], after[key], path === '' ? key : `${path}.${key}`))
  }
  const [was, becomes] = [parsed(before), parsed(after)]
  if (was !== null && becomes !== null) return compare(was, becomes, path)
  if (before === undefined) return [`${path}: + ${shown(after)}`]
  if (after === undefined) return [`${path}: - ${shown(before)}`]
  return [`${path}: ${shown(before)} → ${shown(after)}`]
}

/** Things that have names are told apart by them, others by their place. */
function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): readonly string[] {
  const keyed = (items: readonly unknown[]) =>
    new Map(items.map((item, index) => [nameOf(item) ?? String(index), item]))
  const [was, becomes] = [keyed(before), keyed(after)]
  const found = [...new Set([...was.keys(), ...becomes.keys()])].flatMap((key) =>
    compare(was.get(key), becomes.get(key), `${path}[${key}]`),
  )
  return found.length > 0 ? found : [`${path}: in another order`]
}

function nameOf(item: unknown): string | undefined {
  return isMapping(item) && typeof item.name === 'string' ? item.name : undefined
}

/** A ConfigMap holds texts that are JSON. */
function parsed(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'string' || !value.startsWith('{')) return null
  try {
    const content = JSON.parse(value) as unknown
    return isMapping(content) ? content : null
  } catch {
    return null
  }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
