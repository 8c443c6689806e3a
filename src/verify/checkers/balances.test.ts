import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { alwaysFound, neverAccused, pickOf, type Plant } from '../../../test/harness/planted.ts'
import { simulate, simulatedCalls } from '../../../test/harness/simulated-calls.ts'
import type { Call, Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { checkBalances } from './balances.ts'

interface Run {
  readonly operations: readonly Operation[]
  readonly final: readonly number[]
}

const accounts = ['a', 'b', 'c']
const initial = 1000

const runs = (certain: boolean) =>
  simulatedCalls(certain).map((calls): Run => {
    const { operations, final } = simulate(calls, {
      state: new Map(accounts.map((account) => [account, initial])),
      callOf: ({ dice: [first, second] }): Call => {
        if (first % 3 === 0) return { do: 'balances', keys: accounts }
        const from = first % accounts.length
        const to = (from + 1 + (second % (accounts.length - 1))) % accounts.length
        return {
          do: 'transfer',
          from: accounts[from] ?? '',
          to: accounts[to] ?? '',
          amount: 1 + (second % 20),
        }
      },
      apply: (balances, call) => {
        const held = (account: string) => balances.get(account) ?? 0
        if (call.do === 'balances') return call.keys.map((key) => String(held(key)))
        if (call.do !== 'transfer') return null
        balances.set(call.from, held(call.from) - call.amount)
        balances.set(call.to, held(call.to) + call.amount)
        return [held(call.from), held(call.to)]
      },
    })
    return { operations, final: [...final.values()] }
  })

const check = ({ operations, final }: Run) => checkBalances({ operations, accounts, initial, final })

/** The end, as if one acknowledged transfer had been made so many times more. */
const times = (run: Run, pick: number, more: number): Run | undefined => {
  const transfers = run.operations.flatMap(({ call, outcome }) =>
    call.do === 'transfer' && outcome.kind === 'ok' ? [call] : [],
  )
  const victim = pickOf(transfers, pick)
  const change = (account: string, { from, to, amount }: NonNullable<typeof victim>) =>
    account === from ? -amount : account === to ? amount : 0
  return (
    victim && {
      ...run,
      final: run.final.map((held, index) => held + more * change(accounts[index] ?? '', victim)),
    }
  )
}

const withRead = (run: Run, pick: number, change: (balances: readonly number[]) => readonly number[]) => {
  const reads = run.operations.filter(({ call, outcome }) => call.do === 'balances' && outcome.kind === 'ok')
  const victim = pickOf(reads, pick)
  const alter = (operation: Operation): Operation =>
    operation === victim && operation.outcome.kind === 'ok'
      ? {
          ...operation,
          outcome: { kind: 'ok', answer: change((operation.outcome.answer as string[]).map(Number)) },
        }
      : operation
  return victim && { ...run, operations: run.operations.map(alter) }
}

const plants: readonly (readonly [string, Anomaly['kind'], Plant<Run>])[] = [
  [
    'a sum that changed at the end',
    'sum',
    (run, pick) => ({ ...run, final: [...run.final.slice(1), pick + 2000] }),
  ],
  [
    'a sum that changed in a read',
    'sum',
    (run, pick) => withRead(run, pick, ([a = 0, ...rest]) => [a + 1, ...rest]),
  ],
  [
    'a read of what never was',
    'stale',
    (run, pick) => withRead(run, pick, ([a = 0, b = 0, ...rest]) => [a - 5000, b + 5000, ...rest]),
  ],
  ['a transfer that ran twice', 'twice', (run, pick) => times(run, pick, 1)],
]

describe('balances', () => {
  it('of a sound system are never accused', () => neverAccused(runs(false), check))

  for (const [name, kind, plant] of plants)
    it(`${name} is found`, () => alwaysFound(runs(true), check, kind, plant))

  it('a transfer that is missing is found', () =>
    alwaysFound(runs(true), check, 'lost', (run, pick) => {
      const altered = times(run, pick, -1)
      // The reverse of another one looks like that one made twice.
      return altered && check(altered).anomalies.some(({ kind }) => kind === 'twice') ? undefined : altered
    }))

  it('that nobody could read are unread', () => {
    assert.deepEqual(checkBalances({ operations: [], accounts, initial, final: null }).unread, accounts)
  })
})
