import { isUncertain, expectAnswer, type Witness } from './witness.ts'

/** INCR of a key of its own: each answer is the next number, exactly, wherever it begins. */
export function incrOf(key: string, from = 0n): Witness {
  let last = from
  return {
    name: `INCR from ${String(from)}`,
    begin: async (caller) => {
      await caller.call('SET', key, String(from))
    },
    turn: async (caller) => {
      expectAnswer('INCR', await caller.call('INCR', key), String(++last))
    },
    finish: async (caller) => {
      expectAnswer('GET', await caller.call('GET', key), String(last))
    },
  }
}

/** INCR where it overflows: Redis' own error, and the number stays. */
export function incrPastTheEnd(key: string): Witness {
  const most = String(2n ** 63n - 1n)
  return {
    name: 'INCR of the largest number',
    begin: async (caller) => {
      await caller.call('SET', key, most)
    },
    turn: async (caller) => {
      const [refused, same] = await caller.pipeline([
        ['INCR', key],
        ['INCRBY', key, '0'],
      ])
      expectAnswer('INCR', refused, new Error('ERR increment or decrement would overflow'))
      expectAnswer('INCRBY 0', same, most)
    },
  }
}

export function hincrbyOf(key: string, from = 0n): Witness {
  let last = from
  return {
    name: `HINCRBY from ${String(from)}`,
    begin: async (caller) => {
      await caller.call('HSET', key, 'n', String(from))
    },
    turn: async (caller) => {
      last += 3n
      expectAnswer('HINCRBY', await caller.call('HINCRBY', key, 'n', '3'), String(last))
    },
    finish: async (caller) => {
      expectAnswer('HGET', await caller.call('HGET', key, 'n'), String(last))
    },
  }
}

export function incrbyfloatOf(key: string): Witness {
  let quarters = 0
  return {
    name: 'INCRBYFLOAT',
    turn: async (caller) => {
      quarters++
      expectAnswer('INCRBYFLOAT', await caller.call('INCRBYFLOAT', key, '0.25'), String(quarters / 4))
    },
  }
}

/** One key that several callers increment: no number is given twice, none is left out. */
export class SharedCount {
  private readonly key: string
  private readonly given = new Set<string>()

  constructor(key: string) {
    this.key = key
  }

  witness(): Witness {
    return {
      name: 'INCR of a key of many',
      turn: async (caller) => {
        const answer = String(await caller.call('INCR', this.key))
        if (this.given.has(answer)) throw new Error(`${answer} was given twice`)
        this.given.add(answer)
      },
      finish: async (caller) => {
        expectAnswer('GET', await caller.call('GET', this.key), String(this.given.size))
      },
    }
  }
}

/** A script that increments. Whether it ran is known, its lost reply is not: UNCERTAIN is allowed, and shows in the next number. */
export function evalOf(key: string): Witness {
  let atLeast = 0
  let atMost = 0
  let uncertain = 0
  return {
    name: 'EVAL',
    uncertain: () => uncertain,
    turn: async (caller) => {
      try {
        const count = Number(await caller.call('EVAL', "return redis.call('INCR', KEYS[1])", '1', key))
        if (!(count > atLeast && count <= atMost + 1))
          throw new Error(`EVAL: ${String(count)} instead of ${String(atLeast + 1)} to ${String(atMost + 1)}`)
        atLeast = atMost = count
      } catch (error) {
        if (!isUncertain(error)) throw error
        uncertain++
        atMost++
      }
    },
    finish: async (caller) => {
      const count = Number(await caller.call('GET', key))
      if (count < atLeast || count > atMost)
        throw new Error(`GET: ${String(count)} instead of ${String(atLeast)} to ${String(atMost)}`)
    },
  }
}

/** WATCH, GET, MULTI, SET, EXEC: a null is tried again, so that what EXEC answers counts. */
export function watchOf(key: string): Witness {
  let atLeast = 0
  let atMost = 0
  let uncertain = 0
  return {
    name: 'WATCH',
    uncertain: () => uncertain,
    begin: async (caller) => {
      await caller.call('SET', key, '0')
    },
    turn: async (caller) => {
      try {
        await caller.call('WATCH', key)
        const count = Number(await caller.call('GET', key))
        if (count < atLeast || count > atMost)
          throw new Error(`GET: ${String(count)} instead of ${String(atLeast)} to ${String(atMost)}`)
        atLeast = atMost = count
        const answers = await caller.transaction([['SET', key, String(count + 1)]])
        if (answers === null) return
        expectAnswer('EXEC', answers, ['OK'])
        atLeast = atMost = count + 1
      } catch (error) {
        if (!isUncertain(error)) throw error
        uncertain++
        atMost++
      }
    },
    finish: async (caller) => {
      const count = Number(await caller.call('GET', key))
      if (count < atLeast || count > atMost)
        throw new Error(`GET: ${String(count)} instead of ${String(atLeast)} to ${String(atMost)}`)
    },
  }
}
