import { LineCounter, isMap, isNode, isScalar, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import type * as z from 'zod'

import { checkTogether } from './check-together.ts'
import { issueProblems } from './issues.ts'
import { SpecError } from './problem.ts'
import type { SpecProblem } from './problem.ts'
import { resolveSpec } from './resolve.ts'
import { groups, sections, specSchema } from './schema.ts'
import type { Spec, TargetName } from './schema.ts'

export interface SpecText {
  readonly document: Document
  readonly lines: LineCounter
}

/**
 * @param text YAML 1.2; nothing at all is a spec too: all defaults
 * @param fileName for messages
 * @param target instead of what the text says
 * @throws SpecError (SPEC_INVALID) with all problems at once
 */
export function parseSpec(text: string, fileName: string, target?: TargetName): Spec {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  const source = { document, lines }
  const syntax = [...document.errors, ...document.warnings].map((error): SpecProblem => {
    const { line, col } = lines.linePos(error.pos[0])
    return { line, column: col, path: '', ...explainSyntax(error.code, error.message) }
  })
  if (syntax.length > 0) throw new SpecError(fileName, syntax)

  const value = plainValue(source, fileName)
  const result = specSchema.safeParse(value)
  if (!result.success) {
    const { issues } = result.error
    throw new SpecError(fileName, issueProblems(issues, source), nameBeyondDoubt(value, issues))
  }
  const resolved = resolveSpec(result.data)
  const spec = target === undefined ? resolved : { ...resolved, target }
  const problems = checkTogether(spec, source)
  if (problems.length > 0) throw new SpecError(fileName, problems, spec.name)
  return spec
}

/** An unknown name at the top (path of length 0) may have been meant as `name`. */
function nameBeyondDoubt(
  { name }: Record<string, unknown>,
  issues: readonly z.core.$ZodIssue[],
): string | undefined {
  if (issues.some(({ path }) => path.length === 0 || path[0] === 'name')) return undefined
  return typeof name === 'string' ? name : resolveSpec({}).name
}

/** A file of nothing, or a section whose lines are all commented out, is all defaults. */
function plainValue({ document, lines }: SpecText, fileName: string): Record<string, unknown> {
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) return {}
  if (!isMap(contents)) {
    const { line, col } = lines.linePos(isNode(contents) ? (contents.range?.[0] ?? 0) : 0)
    const problem = { line, column: col, path: '', message: 'a spec is a mapping of names to values' }
    throw new SpecError(fileName, [{ ...problem, fix: 'for example: "name: counter"' }])
  }
  let value: Record<string, unknown>
  try {
    // Each alias costs its expansion: a few hundred bytes can stand for gigabytes ("billion laughs").
    value = document.toJS({ maxAliasCount: 20 }) as Record<string, unknown>
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new SpecError(fileName, [
      {
        line: 1,
        column: 1,
        path: '',
        message: `cannot be expanded: ${message}`,
        fix: 'write values out, without aliases',
      },
    ])
  }
  for (const key of Object.keys(sections)) if (value[key] === null) value[key] = {}
  for (const [key, names] of Object.entries(groups)) {
    const section = value[key]
    if (!isPlainMapping(section)) continue
    for (const name of Object.keys(names)) if (section[name] === null) section[name] = {}
  }
  return value
}

function isPlainMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function explainSyntax(code: string, message: string): Pick<SpecProblem, 'message' | 'fix'> {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'is indented with a tab', fix: 'indent with spaces' }
    case 'DUPLICATE_KEY':
      return { message: 'this name stands here a second time', fix: 'remove one of the two' }
    case 'MULTIPLE_DOCS':
      return { message: 'a second document begins here', fix: 'one file is one spec: remove the "---"' }
    default:
      return { message: message.replace(/ at line \d+, column \d+:?[\s\S]*$/, ''), fix: '' }
  }
}
