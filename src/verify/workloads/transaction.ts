import type { ChainableCommander, Redis } from 'ioredis'
import { HoldfastError } from '../../errors.ts'
import { checkBalances } from '../checkers/balances.ts'
import type { Call } from '../operation.ts'
import { readCounts } from './end-state.ts'
import { RedisCaller } from './redis-caller.ts'
import { startAtRedis } from './redis-workload.ts'
import type { Workload, WorkloadOptions } from './workload.ts'

const accounts = 8
/** More than nothing, so that emptied accounts do not look right. */
const initial = 1000
const largestAmount = 20

export const transaction: Workload = {
  name: 'transaction',
  description: 'MULTI/EXEC transfers between accounts: their sum is the same in every read and at the end',
  needs: 'redis',
  start: async (options) => {
    const { timeoutMs, now, random } = options
    const keys = Array.from({ length: accounts }, (_, index) => `${options.prefix}transaction:${index}`)
    await openAccounts(options, keys)
    return startAtRedis(options, {
      name: 'transaction',
      keys,
      perform: async (caller, _turn, ended) => {
        const call = chooseCall(keys, random)
        const startMs = now()
        const outcome = await caller.send(timeoutMs, (redis) => exec(commandsOf(redis, call)))
        ended({ at: caller.at, startMs, call, outcome })
      },
      readEnd: async (redis) => [...(await readCounts(redis, keys)).values()],
      check: (operations, final) => checkBalances({ operations, accounts: keys, initial, final }),
    })
  },
}

type AccountCall = Extract<Call, { do: 'transfer' | 'balances' }>

function chooseCall(keys: readonly string[], random: () => number): AccountCall {
  if (random() < 0.3) return { do: 'balances', keys }
  const first = Math.floor(random() * keys.length)
  const second = (first + 1 + Math.floor(random() * (keys.length - 1))) % keys.length
  const amount = 1 + Math.floor(random() * largestAmount)
  return { do: 'transfer', from: keys[first] ?? '', to: keys[second] ?? '', amount }
}

function commandsOf(redis: Redis, call: AccountCall): ChainableCommander {
  const multi = redis.multi()
  if (call.do === 'transfer') return multi.decrby(call.from, call.amount).incrby(call.to, call.amount)
  for (const key of call.keys) multi.get(key)
  return multi
}

/** Rejects with the error of EXEC, or with that of a command in it, after which the others have run. */
async function exec(multi: ChainableCommander): Promise<readonly unknown[]> {
  const replies = await multi.exec()
  if (replies === null) throw new Error('EXEC was answered null, without a WATCH')
  return replies.map(([error, reply]) => {
    if (error !== null) throw new Error(`inside of EXEC: ${error.message}`, { cause: error })
    return reply
  })
}

/** Nobody else writes them yet, so that it may be tried until it is acknowledged. */
async function openAccounts(
  { endpoints, timeoutMs }: WorkloadOptions,
  keys: readonly string[],
): Promise<void> {
  for (const endpoint of endpoints.redis) {
    const caller = new RedisCaller(endpoint)
    const balances = keys.flatMap((key) => [key, String(initial)])
    const outcome = await caller.send(timeoutMs, (redis) => redis.mset(balances))
    caller.close()
    if (outcome.kind === 'ok') return
    if (outcome.kind === 'unknown')
      throw new HoldfastError('TIMEOUT', `${caller.at} did not set the accounts up: ${outcome.why}.`)
  }
  throw new HoldfastError('NOT_RUNNING', `No Redis took the accounts of the workload transaction.`)
}
