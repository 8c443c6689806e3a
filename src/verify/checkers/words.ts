/** A moment of the run, as reports write it: `12.345 s`. */
export function moment(atMs: number): string {
  return `${(atMs / 1000).toFixed(3)} s`
}

/** `1 count`, `3 counts`. */
export function several(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** A stored value, shortened; null is a key that is not there. */
export function quoted(value: string | null): string {
  if (value === null) return 'nothing'
  return `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}"`
}

/** `is` or `are`, to go with `several`. */
export function be(count: number): string {
  return count === 1 ? 'is' : 'are'
}
