/** A GitHub table; numbers are right-aligned columns. */
export function markdownTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = headers.map((_, index) => (index === 0 ? '---' : '---:'))
  return [headers, rule, ...rows].map(line).join('\n')
}

/** `1.24 s` or `87 ms`. */
export function duration(ms: number): string {
  if (Number.isNaN(ms)) return '–'
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(0)} ms`
}

export function thousands(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ')
}

/**
 * Puts a result between its two marks.
 * @throws Error when the text has no such marks
 */
export function replaceSection(text: string, name: string, body: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`no place for a result: ${begin} … ${end} is missing`)
  return `${text.slice(0, from + begin.length)}\n${body.trim()}\n${text.slice(to)}`
}
