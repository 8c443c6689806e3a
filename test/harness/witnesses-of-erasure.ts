import { expectAnswer, isUncertain, type Witness } from './witness.ts'

interface Allowed {
  /** How often everything was erased so far, or began to be: so often the count may begin again. */
  readonly erased: () => number
  /** Whether an answer may be UNCERTAIN: the next number then tells. */
  readonly uncertain: () => boolean
}

/** INCR beside somebody who erases everything: the next number, or, once for each time, the first. */
export function erasableIncrOf(key: string, allowed: Allowed): Witness {
  let last = 0
  let open = 0
  let uncertain = 0
  let begun = 0
  const name = 'INCR of what may be erased'
  return {
    name,
    uncertain: () => uncertain,
    turn: async (caller) => {
      try {
        const count = Number(await caller.call('INCR', key))
        const next = count > last && count <= last + 1 + open
        const again = count >= 1 && count <= 1 + open && begun < allowed.erased()
        if (!next && !again)
          throw new Error(
            `${String(count)} after ${String(last)}, ${String(open)} uncertain, begun again ${String(begun)} times of ${String(allowed.erased())}`,
          )
        if (!next) begun++
        last = count
        open = 0
      } catch (error) {
        if (!allowed.uncertain() || !isUncertain(error)) throw error
        uncertain++
        open++
      }
    },
  }
}

/** Unique elements pushed beside somebody who erases everything: none is there twice, and what is there is a row without gaps. */
export function erasableRpushOf(key: string, allowed: Allowed): Witness {
  const open = new Set<string>()
  let pushed = 0
  let uncertain = 0
  return {
    name: 'RPUSH to what may be erased',
    uncertain: () => uncertain,
    turn: async (caller) => {
      const element = String(pushed++)
      try {
        await caller.call('RPUSH', key, element)
      } catch (error) {
        if (!allowed.uncertain() || !isUncertain(error)) throw error
        uncertain++
        open.add(element)
      }
      if (pushed % 16 !== 0) return
      const there = ((await caller.call('LRANGE', key, '0', '-1')) ?? []) as readonly string[]
      const first = Number(there[0] ?? pushed)
      const row = Array.from({ length: pushed - first }, (_, index) => String(first + index))
      const seen = new Set(there)
      expectAnswer(
        'LRANGE',
        there,
        row.filter((each) => seen.has(each) || !open.has(each)),
      )
    },
  }
}

/** INCR of one key in two databases that somebody swaps, a known number of times: each goes on where it stood. */
export function swappedIncrOf(key: string, swapped: () => number): Witness {
  const counts: [here: number, there: number] = [0, 0]
  let seen = 0
  return {
    name: 'INCR in swapped databases',
    turn: async (caller) => {
      const count = Number(await caller.call('INCR', key))
      if (count === counts[0] + 1) {
        counts[0] = count
        return
      }
      if (seen >= swapped() || count !== counts[1] + 1)
        throw new Error(`${String(count)} after ${counts.join(' and ')}, swapped ${String(swapped())} times`)
      seen++
      counts.reverse()
      counts[0] = count
    },
  }
}

/** Commands that need memory among such that need none: refused for memory or exactly right, and what is refused has not run. */
export function shortOfMemoryOf(key: string): Witness & { readonly refused: () => number } {
  let count = 0
  let length = 0
  let refused = 0
  return {
    name: 'memory that runs out',
    refused: () => refused,
    turn: async (caller) => {
      const [gone, one, text, number, two] = await caller.pipeline([
        ['DEL', `${key}:none`],
        ['INCR', `${key}:n`],
        ['APPEND', `${key}:s`, 'abc'],
        ['GET', `${key}:n`],
        ['INCR', `${key}:n`],
      ])
      expectAnswer('DEL', gone, '0')
      const isRefused = (answer: unknown): boolean => {
        if (!(answer instanceof Error && answer.message.startsWith('OOM command not allowed'))) return false
        refused++
        return true
      }
      if (!isRefused(one)) expectAnswer('INCR', one, String(++count))
      if (!isRefused(text)) expectAnswer('APPEND', text, String((length += 3)))
      expectAnswer('GET', number, count === 0 ? null : String(count))
      if (!isRefused(two)) expectAnswer('INCR', two, String(++count))
    },
  }
}
