import type { SteadyCaller, Answer } from './steady-caller.ts'

/** Commands of one kind, repeated, of which every answer is known beforehand: what ran twice or not at all shows in the next one. */
export interface Witness {
  readonly name: string
  /** Before its first turn. */
  readonly begin?: (caller: SteadyCaller) => Promise<void>
  /** @throws Error whose message says what came instead of what had to come */
  readonly turn: (caller: SteadyCaller) => Promise<void>
  /** When all turns are over: what the data must say. */
  readonly finish?: (caller: SteadyCaller) => Promise<void>
  /** Turns that were answered UNCERTAIN, where that is allowed. */
  readonly uncertain?: () => number
}

export function expectAnswer(
  what: string,
  answer: Answer | Error | undefined,
  expected: Answer | Error,
): void {
  const [seen, wanted] = [answer, expected].map((each) =>
    each instanceof Error ? each.message : JSON.stringify(each),
  )
  if (seen !== wanted)
    throw new Error(`${what}: ${String(seen).slice(0, 300)} instead of ${String(wanted).slice(0, 300)}`)
}

export function isUncertain(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('UNCERTAIN ')
}
