import { expectAnswer, type Witness } from './witness.ts'

/** Elements of one width, so that a doubled or missing one shows in every length after it. */
const element = (index: number): string => String(1_000_000 + index)

export function appendOf(key: string): Witness {
  let count = 0
  return {
    name: 'APPEND',
    turn: async (caller) => {
      const answer = await caller.call('APPEND', key, element(count))
      count++
      expectAnswer('APPEND', answer, String(count * 7))
    },
    finish: async (caller) => {
      const all = Array.from({ length: count }, (_, index) => element(index))
      expectAnswer('GET', await caller.call('GET', key), all.join(''))
    },
  }
}

export function rpushOf(key: string): Witness {
  let count = 0
  return {
    name: 'RPUSH',
    turn: async (caller) => {
      const answer = await caller.call('RPUSH', key, element(count))
      count++
      expectAnswer('RPUSH', answer, String(count))
    },
    finish: async (caller) => {
      const all = Array.from({ length: count }, (_, index) => element(index))
      expectAnswer('LRANGE', await caller.call('LRANGE', key, '0', '-1'), all)
    },
  }
}

export function xaddOf(key: string): Witness {
  const ids: string[] = []
  return {
    name: 'XADD',
    turn: async (caller) => {
      ids.push(String(await caller.call('XADD', key, '*', 'n', String(ids.length))))
    },
    finish: async (caller) => {
      const entries = ids.map((id, index) => [id, ['n', String(index)]])
      expectAnswer('XRANGE', await caller.call('XRANGE', key, '-', '+'), entries)
    },
  }
}

/** SETNX makes the key, GETDEL takes it away; run twice, either would find it otherwise. */
export function setnxGetdelOf(key: string): Witness {
  let turn = 0
  return {
    name: 'SETNX and GETDEL',
    turn: async (caller) => {
      turn++
      expectAnswer('SETNX', await caller.call('SETNX', key, String(turn)), '1')
      expectAnswer('GETDEL', await caller.call('GETDEL', key), String(turn))
    },
  }
}

/** SET with GET answers what was there before. */
export function setGetOf(key: string): Witness {
  let last: string | null = null
  let turn = 0
  return {
    name: 'SET with GET',
    turn: async (caller) => {
      const next = String(turn++)
      expectAnswer('SET GET', await caller.call('SET', key, next, 'GET'), last)
      last = next
    },
  }
}

const filling = 3000

/** Takes one element after the other out of what is filled beforehand, by several callers: nobody gets what another got. */
export class SharedStock {
  private readonly taken = new Set<string>()
  private readonly key: string
  private readonly commands: readonly [fill: string, take: string]
  private filled: Promise<void> | null = null
  private size = 0

  constructor(key: string, commands: readonly [fill: string, take: string]) {
    this.key = key
    this.commands = commands
  }

  witness(): Witness {
    const [fill, take] = this.commands
    return {
      name: take,
      begin: async (caller) => {
        this.filled ??= (async () => {
          const all = Array.from({ length: filling }, (_, index) => element(index))
          await caller.call(fill, this.key, ...all)
          this.size = filling
        })()
        await this.filled
      },
      turn: async (caller) => {
        const answer = await caller.call(take, this.key)
        if (answer === null) {
          // all gone; were it only lost, that would show at the end
          await caller.call(fill, this.key, element(this.size++))
          return
        }
        if (typeof answer !== 'string') throw new Error(`${take}: ${JSON.stringify(answer)}`)
        if (this.taken.has(answer)) throw new Error(`${take}: ${answer} was given twice`)
        this.taken.add(answer)
      },
      finish: async (caller) => {
        const left = String(await caller.call(fill === 'SADD' ? 'SCARD' : 'LLEN', this.key))
        expectAnswer('what is left', left, String(this.size - this.taken.size))
      },
    }
  }
}

/** What one caller pushes another, which waits for it, gets once and in order. */
export class HandedOn {
  private readonly key: string
  private pushed = 0
  private popped = 0

  constructor(key: string) {
    this.key = key
  }

  pusher(): Witness {
    return {
      name: 'RPUSH to BLPOP',
      turn: async (caller) => {
        await caller.call('RPUSH', this.key, element(this.pushed++))
      },
    }
  }

  popper(): Witness {
    return {
      name: 'BLPOP',
      turn: async (caller) => {
        const answer = await caller.call('BLPOP', this.key, '1')
        if (answer === null) return
        expectAnswer('BLPOP', answer, [this.key, element(this.popped++)])
      },
      finish: async (caller) => {
        expectAnswer('LLEN', await caller.call('LLEN', this.key), String(this.pushed - this.popped))
      },
    }
  }
}
