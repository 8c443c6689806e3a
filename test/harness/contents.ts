import { decodeReply, type Reply } from '../../src/resp/decode.ts'
import type { Conversation } from './conversation.ts'

/** How each type is read whole, and whether its parts have an order (pairs: how many belong together). */
const readers: Readonly<Record<string, { words: (key: string) => readonly string[]; apart: number }>> = {
  string: { words: (key) => ['GET', key], apart: 0 },
  list: { words: (key) => ['LRANGE', key, '0', '-1'], apart: 0 },
  hash: { words: (key) => ['HGETALL', key], apart: 2 },
  set: { words: (key) => ['SMEMBERS', key], apart: 1 },
  zset: { words: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'], apart: 0 },
  stream: { words: (key) => ['XRANGE', key, '-', '+'], apart: 0 },
}

/** All data of these databases, in an order that does not depend on the server: key, type, whether it expires, contents. */
export async function contentsOf(talk: Conversation, databases: readonly number[]): Promise<unknown[]> {
  const ask = async (calls: readonly (readonly string[])[]): Promise<Reply[]> =>
    (await talk.say(calls.map((words) => ({ words, inline: false })))).map((reply) =>
      decodeReply(Buffer.from(reply, 'latin1')),
    )
  const found: unknown[] = []
  for (const db of databases) {
    const [, keys] = await ask([
      ['SELECT', String(db)],
      ['KEYS', '*'],
    ])
    for (const key of (keys as string[]).toSorted()) {
      const [type, expires] = await ask([
        ['TYPE', key],
        ['PEXPIRETIME', key],
      ])
      const reader = typeof type === 'string' ? readers[type] : undefined
      const [value] = await ask([reader?.words(key) ?? ['TYPE', key]])
      found.push([db, key, type, Number(expires) > 0, reader?.apart ? inOrder(value, reader.apart) : value])
    }
  }
  return found
}

function inOrder(value: Reply | undefined, apart: number): unknown {
  const parts = value as readonly string[]
  const groups = parts.flatMap((_, at) => (at % apart === 0 ? [parts.slice(at, at + apart)] : []))
  return groups.map((group) => JSON.stringify(group)).toSorted()
}
