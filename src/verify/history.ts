import { z } from 'zod'

/** What a caller knows about one call once it is over. */
export type Outcome =
  /** Answered: this call made the count what it says. */
  | { readonly kind: 'ok'; readonly count: number }
  /** It certainly did not count: it never reached the application, or was turned away. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It counted once or not at all, now or later. */
  | { readonly kind: 'unknown'; readonly why: string }

/** One call of a counter. Times are milliseconds of one monotonic clock. */
export interface Operation {
  /** The counter's id. */
  readonly id: string
  readonly caller: number
  /** When the schedule wanted it sent; `startMs` is later when every caller was still waiting. */
  readonly dueMs: number
  readonly startMs: number
  readonly endMs: number
  readonly outcome: Outcome
}

/** All calls of a run, in the order in which they ended. */
export type History = readonly Operation[]

const outcomeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ok'), count: z.int() }),
  z.strictObject({ kind: z.literal('refused'), why: z.string() }),
  z.strictObject({ kind: z.literal('unknown'), why: z.string() }),
])

const operationSchema: z.ZodType<Operation> = z.strictObject({
  id: z.string(),
  caller: z.int(),
  dueMs: z.number(),
  startMs: z.number(),
  endMs: z.number(),
  outcome: outcomeSchema,
})

/** One JSON object a line, each line ended. */
export function encodeHistory(history: History): string {
  return history.map((operation) => `${JSON.stringify(operation)}\n`).join('')
}

/** The reverse of `encodeHistory`; throws an Error that names the line for anything else. */
export function decodeHistory(text: string): History {
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return []
    try {
      return [operationSchema.parse(JSON.parse(line))]
    } catch (cause) {
      throw new Error(`Line ${index + 1} of the history is no operation.`, { cause })
    }
  })
}
