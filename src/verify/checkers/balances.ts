import type { Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { rangesOf, type Delta } from './deltas.ts'
import type { Judged } from './judged.ts'
import { moment, several } from './words.ts'

export interface BalancesInput {
  readonly operations: readonly Operation[]
  readonly accounts: readonly string[]
  /** What each account held before the first transfer. */
  readonly initial: number
  /** What each holds at the end (0: it is not there); null: they could not be read. */
  readonly final: readonly number[] | null
}

/**
 * Judges transfers between accounts: the sum is the same at the end and in every read of all of them at once; each account holds
 * what the transfers before and beside a read allow; at the end it holds all acknowledged transfers once, and any of the unknown ones.
 */
export function checkBalances({ operations, accounts, initial, final }: BalancesInput): Judged {
  const total = initial * accounts.length
  const sums = operations.flatMap((operation) => checkSum(operation, total))
  const off = final === null ? 0 : sumOf(final) - total
  const end: Anomaly[] =
    off === 0 || final === null
      ? []
      : [
          {
            kind: 'sum',
            count: 1,
            words: `the accounts hold ${sumOf(final)} together at the end, and ${total} is what they began with`,
            atMs: null,
          },
        ]
  const seen = seenBalances(operations)
  const outside = accounts.flatMap((account, index) => {
    const held = final?.[index]
    const last =
      held === undefined ? [] : [{ account, balance: held, own: 0, startMs: Infinity, endMs: Infinity }]
    return checkAccount(account, operations, initial, [...(seen.get(account) ?? []), ...last])
  })
  const moved = final === null ? null : explain(operations, accounts, initial, final)
  return {
    anomalies: [
      ...end,
      ...sums.slice(0, 20),
      ...outside.map((each) => ({ ...each, ...(each.atMs === null ? moved : null) })),
    ],
    unread: final === null ? accounts : [],
    notes: [`${several(accounts.length, 'account')} with ${total} together`],
  }
}

function checkSum({ call, outcome, caller, endMs }: Operation, total: number): Anomaly[] {
  if (call.do !== 'balances' || outcome.kind !== 'ok') return []
  const sum = sumOf(numbersOf(outcome.answer))
  if (sum === total) return []
  const words = `caller ${caller} read balances of ${sum} together at ${moment(endMs)}, and they are ${total}`
  return [{ kind: 'sum', count: 1, words, atMs: endMs }]
}

interface SeenBalance {
  readonly account: string
  readonly balance: number
  /** What the call that saw it had itself added before. */
  readonly own: number
  readonly startMs: number
  readonly endMs: number
}

function seenBalances(operations: readonly Operation[]): ReadonlyMap<string, readonly SeenBalance[]> {
  const seen = operations.flatMap(({ call, outcome, startMs, endMs }): SeenBalance[] => {
    if (outcome.kind !== 'ok') return []
    const answers = numbersOf(outcome.answer)
    const times = { startMs, endMs }
    if (call.do === 'balances')
      return call.keys.map((account, index) => ({ account, balance: answers[index] ?? 0, own: 0, ...times }))
    if (call.do !== 'transfer') return []
    return [
      { account: call.from, balance: answers[0] ?? 0, own: -call.amount, ...times },
      { account: call.to, balance: answers[1] ?? 0, own: call.amount, ...times },
    ]
  })
  return Map.groupBy(seen, ({ account }) => account)
}

/** The first that is outside of what it can hold, and the end: those between are off for the same reason. */
function checkAccount(
  account: string,
  operations: readonly Operation[],
  initial: number,
  seen: readonly SeenBalance[],
): Anomaly[] {
  const range = rangesOf(initial, deltasOf(account, operations))
  const found = seen.flatMap(({ balance, own, startMs, endMs }): Anomaly[] => {
    const { atLeast, atMost } = range(startMs, endMs)
    const least = atLeast + Math.max(own, 0)
    const most = atMost + Math.min(own, 0)
    if (balance >= least && balance <= most) return []
    const expected = least === most ? `${least}` : `${least} to ${most}`
    if (endMs === Infinity)
      return [
        {
          kind: 'lost',
          count: 1,
          words: `${account} holds ${balance} at the end, where the acknowledged transfers make it ${expected}`,
          atMs: null,
        },
      ]
    const words = `${account} held ${balance} at ${moment(endMs)}, where the transfers before and beside it make it ${expected}`
    return [{ kind: 'stale', count: 1, words, atMs: endMs }]
  })
  const first = found.find(({ atMs }) => atMs !== null)
  const last = found.find(({ atMs }) => atMs === null)
  return [first, last].filter((each) => each !== undefined)
}

function deltasOf(account: string, operations: readonly Operation[]): readonly Delta[] {
  return operations.flatMap(({ call, outcome, startMs, endMs }): Delta[] => {
    if (call.do !== 'transfer' || outcome.kind === 'refused') return []
    if (call.from !== account && call.to !== account) return []
    const amount = call.from === account ? -call.amount : call.amount
    return [{ amount, startMs, endMs, certain: outcome.kind === 'ok' }]
  })
}

/** Off at the end by just one transfer too many: it ran twice. Otherwise something is missing. */
function explain(
  operations: readonly Operation[],
  accounts: readonly string[],
  initial: number,
  final: readonly number[],
): Pick<Anomaly, 'kind'> {
  const off = accounts.map((account, index) => {
    const certain = deltasOf(account, operations).filter((delta) => delta.certain)
    return (final[index] ?? 0) - initial - sumOf(certain.map(({ amount }) => amount))
  })
  const twice = operations.some(({ call }) => {
    if (call.do !== 'transfer') return false
    return accounts.every((account, index) => {
      const change = account === call.from ? -call.amount : account === call.to ? call.amount : 0
      return off[index] === change
    })
  })
  return { kind: twice ? 'twice' : 'lost' }
}

/** Redis answers GET with digits, or with null for a key that is not there. */
function numbersOf(answer: unknown): readonly number[] {
  return Array.isArray(answer) ? answer.map((each) => Number(each ?? 0)) : []
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0)
}
