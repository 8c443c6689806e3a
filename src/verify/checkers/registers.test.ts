import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isLinearizable, type RegisterCall } from '../../../test/harness/linearizable.ts'
import { alwaysFound, neverAccused, pickOf, type Plant } from '../../../test/harness/planted.ts'
import { simulate, simulatedCalls } from '../../../test/harness/simulated-calls.ts'
import type { Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { checkRegisters } from './registers.ts'

interface Run {
  readonly operations: readonly Operation[]
  readonly values: ReadonlyMap<string, string | null>
}

const runs = simulatedCalls().map((calls): Run => {
  const { operations, final } = simulate(calls, {
    state: new Map<string, string>(),
    callOf: ({ caller, turn, dice }) => {
      const key = `key-${dice[0] % 2}`
      return dice[1] % 2 === 0 ? { do: 'read', key } : { do: 'write', key, value: `${caller}.${turn}` }
    },
    apply: (values, call) => {
      if (call.do === 'write') values.set(call.key, call.value)
      return call.do === 'write' ? 'OK' : call.do === 'read' ? (values.get(call.key) ?? null) : null
    },
  })
  const keys = ['key-0', 'key-1']
  return { operations, values: new Map(keys.map((key) => [key, final.get(key) ?? null])) }
})

const check = ({ operations, values }: Run) => checkRegisters(operations, values)

/** Acknowledged writes of one key, the first over before the second began. */
const overwritten = ({ operations }: Run) => {
  const writes = operations.flatMap(({ call, outcome, startMs, endMs }) =>
    call.do === 'write' && outcome.kind === 'ok' ? [{ ...call, startMs, endMs }] : [],
  )
  return writes.flatMap((first) =>
    writes.flatMap((second) =>
      first.key === second.key && first.endMs < second.startMs ? [{ first, second }] : [],
    ),
  )
}

const withRead = (run: Run, pick: number, value: string | null, key: string, sinceMs: number) => {
  const reads = run.operations.filter(
    ({ call, outcome, startMs }) =>
      call.do === 'read' && call.key === key && outcome.kind === 'ok' && startMs > sinceMs,
  )
  const victim = pickOf(reads, pick)
  const alter = (operation: Operation): Operation =>
    operation === victim ? { ...operation, outcome: { kind: 'ok', answer: value } } : operation
  return victim && { ...run, operations: run.operations.map(alter) }
}

const plants: Partial<Record<Anomaly['kind'], Plant<Run>>> = {
  lost: (run, pick) => {
    const pair = pickOf(overwritten(run), pick)
    return pair && { ...run, values: new Map(run.values).set(pair.first.key, pair.first.value) }
  },
  stale: (run, pick) => {
    const pair = pickOf(overwritten(run), pick)
    return pair && withRead(run, pick, pair.first.value, pair.first.key, pair.second.endMs)
  },
  reset: (run, pick) => {
    const pair = pickOf(overwritten(run), pick)
    return pair && withRead(run, pick, null, pair.first.key, pair.second.endMs)
  },
  wrong: (run, pick) => withRead(run, pick, 'foreign', `key-${pick % 2}`, -1),
}

describe('registers', () => {
  it('of a sound system are never accused', () => neverAccused(runs, check))

  for (const [kind, plant] of Object.entries(plants))
    it(`${kind} is found`, () => {
      // A planted old value may also make the end, or another read, the one that does not fit.
      if (kind === 'lost' || kind === 'wrong') alwaysFound(runs, check, kind, plant)
      else
        alwaysFound(runs, (run) => named(check(run), kind as Anomaly['kind']), kind as Anomaly['kind'], plant)
    })

  it('are judged as trying every order judges them', () => {
    const calls = fc.array(
      fc.record({
        write: fc.boolean(),
        value: fc.nat(4),
        startMs: fc.nat(9),
        durationMs: fc.nat(5),
        unknown: fc.boolean(),
      }),
      { maxLength: 8 },
    )
    const seen = { sound: 0, violated: 0 }
    fc.assert(
      fc.property(calls, fc.nat(5), (steps, last) => {
        const operations = steps.map(({ write, value, startMs, durationMs, unknown }, index): Operation => {
          const endMs = startMs + durationMs
          const common = { workload: 'register', caller: index, at: '', dueMs: startMs, startMs, endMs }
          if (write)
            return {
              ...common,
              call: { do: 'write', key: 'k', value: `v${index}` },
              outcome: unknown ? { kind: 'unknown', why: 'test' } : { kind: 'ok', answer: 'OK' },
            }
          return {
            ...common,
            call: { do: 'read', key: 'k' },
            outcome: { kind: 'ok', answer: valueOf(steps, value) },
          }
        })
        const final = valueOf(steps, last)
        const expected = isLinearizable([...operations.map(plain), end(final)])
        const { anomalies } = checkRegisters(operations, new Map([['k', final]]))
        seen[expected ? 'sound' : 'violated'] += 1
        assert.equal(anomalies.length === 0, expected, JSON.stringify(anomalies))
      }),
      { numRuns: 20_000 },
    )
    assert.ok(seen.sound > 1000 && seen.violated > 1000, JSON.stringify(seen))
  })

  it('are judged at once when there are a hundred thousand calls, all beside each other', () => {
    const operations = Array.from({ length: 100_000 }, (_, index): Operation => ({
      ...{ workload: 'register', caller: index, at: '', dueMs: 0, startMs: index, endMs: index + 1000 },
      call: { do: 'write', key: 'k', value: String(index) },
      outcome: { kind: 'ok', answer: 'OK' },
    }))
    assert.deepEqual(checkRegisters(operations, new Map([['k', '99500']])).anomalies, [])
    assert.equal(checkRegisters(operations, new Map([['k', '3']])).anomalies[0]?.kind, 'lost')
  })
})

/** The other kinds that the same read can show itself as. */
function named(judged: ReturnType<typeof checkRegisters>, kind: Anomaly['kind']) {
  const alike = (anomaly: Anomaly) =>
    ['stale', 'reset', 'lost'].includes(anomaly.kind) ? { ...anomaly, kind } : anomaly
  return { ...judged, anomalies: judged.anomalies.map(alike) }
}

/** Nothing, or what the n-th of the steps would write. */
function valueOf(steps: readonly { readonly write: boolean }[], choice: number): string | null {
  const writes = steps.flatMap(({ write }, index) => (write ? [`v${index}`] : []))
  return writes[choice] ?? null
}

function plain({ call, outcome, startMs, endMs }: Operation): RegisterCall {
  if (call.do === 'write')
    return { do: 'write', value: call.value, startMs, endMs: outcome.kind === 'ok' ? endMs : Infinity }
  const value = outcome.kind === 'ok' && typeof outcome.answer === 'string' ? outcome.answer : null
  return { do: 'read', value, startMs, endMs }
}

function end(value: string | null): RegisterCall {
  return { do: 'read', value, startMs: Infinity, endMs: Infinity }
}
