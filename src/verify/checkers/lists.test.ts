import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { alwaysFound, neverAccused, pickOf, type Plant } from '../../../test/harness/planted.ts'
import { simulate, simulatedCalls } from '../../../test/harness/simulated-calls.ts'
import type { Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { checkLists } from './lists.ts'

interface Run {
  readonly operations: readonly Operation[]
  readonly lists: ReadonlyMap<string, readonly string[]>
}

const runs = simulatedCalls().map((calls): Run => {
  const { operations, final } = simulate(calls, {
    state: new Map<string, string[]>(),
    callOf: ({ caller, turn, dice }) => ({
      do: 'append',
      key: dice[0] % 2 === 0 ? 'shared' : `own-${caller}`,
      value: `${caller}.${turn}`,
    }),
    apply: (lists, call) => {
      if (call.do !== 'append') return null
      const list = lists.get(call.key) ?? []
      lists.set(call.key, list)
      return list.push(call.value)
    },
  })
  const keys = operations.flatMap(({ call }) => (call.do === 'append' ? [call.key] : []))
  return { operations, lists: new Map(keys.map((key) => [key, final.get(key) ?? []])) }
})

const check = ({ operations, lists }: Run) => checkLists(operations, lists)

const pushes = ({ operations }: Run, kind: Operation['outcome']['kind']) =>
  operations.flatMap(({ call, outcome, startMs, endMs }) =>
    call.do === 'append' && outcome.kind === kind
      ? [{ key: call.key, value: call.value, startMs, endMs }]
      : [],
  )

const changed = (run: Run, key: string, change: (list: readonly string[]) => readonly string[]): Run => ({
  ...run,
  lists: new Map(run.lists).set(key, change(run.lists.get(key) ?? [])),
})

const plants: Partial<Record<Anomaly['kind'], Plant<Run>>> = {
  lost: (run, pick) => {
    const victim = pickOf(pushes(run, 'ok'), pick)
    return victim && changed(run, victim.key, (list) => list.filter((value) => value !== victim.value))
  },
  twice: (run, pick) => {
    const victim = pickOf(pushes(run, 'ok'), pick)
    return victim && changed(run, victim.key, (list) => list.toSpliced(pick % list.length, 0, victim.value))
  },
  extra: (run, pick) => {
    const victim = pickOf(pushes(run, 'refused'), pick)
    return victim && changed(run, victim.key, (list) => [...list, victim.value])
  },
  wrong: (run, pick) => {
    const key = pickOf([...run.lists.keys()], pick)
    return key === undefined ? undefined : changed(run, key, (list) => [...list, 'foreign'])
  },
  order: (run, pick) => {
    const ok = pushes(run, 'ok')
    const pairs = ok.flatMap((first) =>
      ok.flatMap((second) =>
        first.key === second.key && first.endMs < second.startMs ? [{ first, second }] : [],
      ),
    )
    const pair = pickOf(pairs, pick)
    const swap = (value: string, { first, second }: NonNullable<typeof pair>) =>
      value === first.value ? second.value : value === second.value ? first.value : value
    return pair && changed(run, pair.first.key, (list) => list.map((value) => swap(value, pair)))
  },
}

const push = (value: string, answer: number): Operation => ({
  ...{ workload: 'append', caller: answer, at: '', dueMs: 0, startMs: 0, endMs: 10 },
  call: { do: 'append', key: 'list', value },
  outcome: { kind: 'ok', answer },
})

describe('lists', () => {
  it('of a sound system are never accused', () => neverAccused(runs, check))

  for (const [kind, plant] of Object.entries(plants))
    it(`${kind} is found`, () => alwaysFound(runs, check, kind as Anomaly['kind'], plant))

  it('whose answered lengths are not their places are found', () => {
    const judged = checkLists([push('a', 1), push('b', 2)], new Map([['list', ['b', 'a']]]))
    assert.deepEqual(
      judged.anomalies.map(({ words }) => words),
      ['list: "a" was answered the length 1 and is at place 2 at the end'],
    )
  })

  it('that could not be read are named', () => {
    assert.deepEqual(checkLists([push('a', 1)], new Map()).unread, ['list'])
  })
})
