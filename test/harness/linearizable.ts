/** One call of a register: what it wrote or read, null for nothing. */
export interface RegisterCall {
  readonly do: 'read' | 'write'
  readonly value: string | null
  readonly startMs: number
  /** Infinity: it may take effect at any later time, or never. */
  readonly endMs: number
}

/**
 * Whether some order of the calls explains all answers, by trying them all (Wing and Gong): slow, and plainly right.
 * For a dozen calls.
 */
export function isLinearizable(calls: readonly RegisterCall[]): boolean {
  const seen = new Set<string>()
  const search = (done: ReadonlySet<RegisterCall>, value: string | null): boolean => {
    const open = calls.filter((call) => !done.has(call))
    if (open.every(({ endMs, do: what }) => what === 'write' && endMs === Infinity)) return true
    const state = `${calls.map((call) => (done.has(call) ? 1 : 0)).join('')} ${String(value)}`
    if (seen.has(state)) return false
    seen.add(state)
    const limitMs = open.reduce((first, { endMs }) => Math.min(first, endMs), Infinity)
    return open.some((call) => {
      if (call.startMs > limitMs) return false
      if (call.do === 'read' && call.value !== value) return false
      return search(new Set([...done, call]), call.value)
    })
  }
  return search(new Set(), null)
}
