import { z } from 'zod'
import type { Call, Operation } from './operation.ts'

/** All calls of a run, in the order in which they ended. */
export type History = readonly Operation[]

const callSchema: z.ZodType<Call> = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('count'), key: z.string() }),
  z.strictObject({ do: z.literal('append'), key: z.string(), value: z.string() }),
  z.strictObject({ do: z.literal('read'), key: z.string() }),
  z.strictObject({ do: z.literal('write'), key: z.string(), value: z.string() }),
  z.strictObject({ do: z.literal('transfer'), from: z.string(), to: z.string(), amount: z.number() }),
  z.strictObject({ do: z.literal('balances'), keys: z.array(z.string()) }),
  z.strictObject({
    do: z.literal('advance'),
    key: z.string(),
    read: z.number().nullable(),
    wrote: z.number().nullable(),
  }),
])

const operationSchema: z.ZodType<Operation> = z.strictObject({
  workload: z.string(),
  caller: z.int(),
  at: z.string(),
  dueMs: z.number(),
  startMs: z.number(),
  endMs: z.number(),
  call: callSchema,
  outcome: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('ok'), answer: z.json() }),
    z.strictObject({ kind: z.literal('refused'), why: z.string() }),
    z.strictObject({ kind: z.literal('unknown'), why: z.string() }),
  ]),
})

/** One call as one JSON object on a line of its own, the line ended: histories can be written while they grow. */
export function encodeOperation(operation: Operation): string {
  return `${JSON.stringify(operation)}\n`
}

/** One JSON object a line, each line ended. */
export function encodeHistory(history: History): string {
  return history.map(encodeOperation).join('')
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
