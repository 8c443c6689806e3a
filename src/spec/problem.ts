import { HoldfastError } from '../errors.ts'

/** One thing that is wrong with a spec. */
export interface SpecProblem {
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** `app.instances`; empty: the file as a whole. */
  readonly path: string
  /** Continues the path: "must be …". */
  readonly message: string
  /** What to write or do instead; empty when the message says it. */
  readonly fix: string
}

/** A spec that cannot be used, with everything that is wrong with it. */
export class SpecError extends HoldfastError {
  readonly problems: readonly SpecProblem[]
  /** The deployment's name, where that is beyond doubt: enough to stop it. */
  readonly deployment: string | undefined

  constructor(fileName: string, problems: readonly SpecProblem[], deployment?: string) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
    const count = sorted.length === 1 ? 'a problem' : `${sorted.length} problems`
    const lines = sorted.map((problem) => formatProblem(fileName, problem))
    super('SPEC_INVALID', `${fileName} has ${count}:\n${lines.join('\n')}`, {
      exitCode: 2,
      hint: 'Every field is described in docs/spec.md.',
    })
    this.name = 'SpecError'
    this.problems = sorted
    this.deployment = deployment
  }
}

function formatProblem(fileName: string, { line, column, path, message, fix }: SpecProblem): string {
  const place = `  ${fileName}:${line}:${column}: `
  return `${place}${path === '' ? '' : `${path} `}${message}${fix === '' ? '' : `\n      ${fix}`}`
}
