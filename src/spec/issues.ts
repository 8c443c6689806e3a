import { isMap, isNode, isPair, isScalar } from 'yaml'
import type { Node, Pair } from 'yaml'
import type * as z from 'zod'

import { describeFields, keysAt } from './describe.ts'
import { nearest } from './nearest.ts'
import type { SpecText } from './parse.ts'
import type { SpecProblem } from './problem.ts'

type Path = readonly PropertyKey[]

/** Says each of the schema's complaints in the spec's own words, at the place in the file it is about. */
export function issueProblems(issues: readonly z.core.$ZodIssue[], source: SpecText): readonly SpecProblem[] {
  const seen = new Set<string>()
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => unknownKey([...issue.path, key], source))
    const path = issue.path.join('.')
    if (seen.has(path)) return []
    seen.add(path)
    return [badValue(issue.path, issue.message, source)]
  })
}

/** @returns the position of the value at this path, of its key, or of what is nearest to it */
export function positionOf(
  path: Path,
  { document, lines }: SpecText,
  at: 'key' | 'value',
): { line: number; column: number } {
  const pair = pairAt(path, document.contents)
  const node = at === 'value' && isNode(pair?.value) && hasText(pair.value) ? pair.value : pair?.key
  if (isNode(node) && node.range) {
    const { line, col } = lines.linePos(node.range[0])
    return { line, column: col }
  }
  return path.length === 0
    ? { line: 1, column: 1 }
    : positionOf(path.slice(0, -1), { document, lines }, 'key')
}

function unknownKey(path: Path, source: SpecText): SpecProblem {
  const key = String(path.at(-1))
  const parent = path.slice(0, -1)
  const known = keysAt(parent) ?? []
  const meant = nearest(key, known)
  const elsewhere = describeFields().find((field) => field.path.endsWith(`.${meant ?? key}`))?.path
  const where = parent.length === 0 ? 'a spec' : parent.join('.')
  const list = `${where} has: ${known.join(', ')}`
  const inSection = elsewhere === undefined ? list : `it belongs under another name: ${elsewhere}`
  const fix = meant === undefined ? inSection : `did you mean ${meant}?`
  return { ...positionOf(path, source, 'key'), path: path.join('.'), message: 'is not known', fix }
}

function badValue(path: Path, message: string, source: SpecText): SpecProblem {
  const name = path.join('.')
  const place = { ...positionOf(path, source, 'value'), path: name }
  const keys = path.length === 0 ? undefined : keysAt(path)
  if (keys !== undefined)
    return { ...place, message: 'must be a mapping', fix: `with any of: ${keys.join(', ')}` }
  const field = describeFields().find(({ path: known }) => name === known || name.startsWith(`${known}.`))
  const example = field?.path === name ? `for example: "${String(path.at(-1))}: ${field.example}"` : ''
  const value = pairAt(path, source.document.contents)?.value
  if (isScalar(value) && value.value === null) return { ...place, message: 'has no value', fix: example }
  return { ...place, message: `${message}${written(path, value)}`, fix: example }
}

/** What stands there now, unless it may be a secret. */
function written(path: Path, value: unknown): string {
  const name = path.join('.')
  if (name.startsWith('redis.password') || name.startsWith('app.env')) return ''
  if (isScalar(value)) {
    const text = value.source ?? String(value.value)
    return `, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text === '' ? '""' : text}`
  }
  return isNode(value) ? `, not a ${isMap(value) ? 'mapping' : 'list'}` : ''
}

function pairAt(path: Path, root: unknown): Pair | undefined {
  let node: unknown = root
  let pair: Pair | undefined
  for (const key of path) {
    pair = isMap(node)
      ? node.items.find((item) => isPair(item) && keyText(item.key) === String(key))
      : undefined
    node = pair?.value
  }
  return pair
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : ''
}

function hasText(node: Node): boolean {
  return node.range !== undefined && node.range !== null && node.range[1] > node.range[0]
}
