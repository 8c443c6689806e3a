import type { Words } from './steady-caller.ts'
import { expectAnswer, type Witness } from './witness.ts'

/** MULTI, a transfer, EXEC: both or neither, once, and the sum stays. */
export function transferOf(from: string, to: string): Witness {
  let moved = 0
  return {
    name: 'MULTI',
    turn: async (caller) => {
      const answers = await caller.transaction([
        ['DECRBY', from, '2'],
        ['INCRBY', to, '2'],
        ['MGET', from, to],
      ])
      moved += 2
      const [down, up] = [String(-moved), String(moved)]
      expectAnswer('EXEC', answers, [down, up, [down, up]])
    },
  }
}

/** Sixteen at once, reads among writes: each sees exactly what stands before it. */
export function pipelineOf(key: string): Witness {
  let count = 0
  let text = 0
  const [number, string, hash, list] = ['n', 's', 'h', 'l'].map((suffix) => `${key}:${suffix}`) as [
    string,
    string,
    string,
    string,
  ]
  return {
    name: 'pipeline',
    turn: async (caller) => {
      const commands: Words[] = []
      const expected: string[] = []
      const one = (answer: string, ...words: Words): void => {
        commands.push(words)
        expected.push(answer)
      }
      for (let i = 0; i < 2; i++) {
        one(String(++count), 'INCR', number)
        one(String(count), 'GET', number)
        one(String((text += 3)), 'APPEND', string, 'abc')
        one(String(text), 'STRLEN', string)
        one(String(count), 'HINCRBY', hash, 'f', '1')
        one(String(count), 'RPUSH', list, String(count))
        one(String(count), 'LLEN', list)
        one(String(count), 'HGET', hash, 'f')
      }
      const answers = await caller.pipeline(commands)
      for (const [index, words] of commands.entries())
        expectAnswer(words.join(' '), answers[index], expected[index] ?? null)
    },
  }
}

/** Reads of a key that one session alone writes, in the other protocol's way: never older than what was answered. */
export function readBackOf(key: string): Witness {
  let turn = 0
  return {
    name: 'SET and reads',
    turn: async (caller) => {
      turn++
      expectAnswer(
        'HSET',
        await caller.call('HSET', key, 'a', String(turn), `f${String(turn)}`, 'x'),
        turn === 1 ? '2' : '1',
      )
      expectAnswer('HGET', await caller.call('HGET', key, 'a'), String(turn))
      expectAnswer('HLEN', await caller.call('HLEN', key), String(turn + 1))
    },
  }
}
