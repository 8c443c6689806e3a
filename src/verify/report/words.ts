/** Numbers as a person reads them. */

/** @returns `8 ms`, `0.43 s`, `12.3 s`, `3 min 20 s`, `1 h 4 min` */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 1) return ms === 0 ? '0 ms' : '< 1 ms'
  if (ms < 100) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(ms < 995 ? 2 : 1)} s`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return joined(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  return joined(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large} ${largeUnit}${small === 0 ? '' : ` ${small} ${smallUnit}`}`
}

/** @returns a moment of the run: `0:07`, `12:30`, `1:02:03` */
export function clock(milliseconds: number): string {
  const seconds = Math.floor(Math.max(0, milliseconds) / 1000)
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** @returns `1,234,567` */
export function amount(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** @returns `1 fault`, `3 faults` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${amount(value)} ${value === 1 ? one : many}`
}

export function sumOf(byKind: Readonly<Record<string, number>>): number {
  return Object.values(byKind).reduce((sum, each) => sum + each, 0)
}

/** @returns `12 timeout, 3 http-502`; empty when there are none */
export function kinds(byKind: Readonly<Record<string, number>>): string {
  const entries = Object.entries(byKind).filter(([, count]) => count > 0)
  return entries
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${amount(count)} ${kind}`)
    .join(', ')
}
