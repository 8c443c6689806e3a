import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Judged } from '../../src/verify/checkers/judged.ts'
import type { Anomaly } from '../../src/verify/workloads/workload.ts'

/** Alters a sound run in one place; undefined where that run has no such place. */
export type Plant<Run> = (run: Run, pick: number) => Run | undefined

/** No run of a sound system is accused. */
export function neverAccused<Run>(runs: fc.Arbitrary<Run>, check: (run: Run) => Judged): void {
  fc.assert(
    fc.property(runs, (run) => {
      assert.deepEqual(check(run).anomalies, [])
    }),
    { numRuns: 1500 },
  )
}

/** Wherever it can be planted it is found, by that name; it can be in most runs. */
export function alwaysFound<Run>(
  runs: fc.Arbitrary<Run>,
  check: (run: Run) => Judged,
  kind: Anomaly['kind'],
  plant: Plant<Run>,
): void {
  let planted = 0
  fc.assert(
    fc.property(runs, fc.nat(10_000), (run, pick) => {
      const altered = plant(run, pick)
      if (altered === undefined) return
      planted += 1
      const { anomalies } = check(altered)
      assert.ok(
        anomalies.some((anomaly) => anomaly.kind === kind),
        JSON.stringify(anomalies),
      )
      for (const { count, words } of anomalies)
        assert.ok(count >= 1 && words.length > 10 && !/NaN|undefined|Infinity/.test(words), words)
    }),
    { numRuns: 600 },
  )
  assert.ok(planted > 150, `only ${planted} of 600 runs had a place for it`)
}

/** One of them, chosen by a number; undefined of none. */
export function pickOf<T>(all: readonly T[], pick: number): T | undefined {
  return all[pick % Math.max(all.length, 1)]
}
