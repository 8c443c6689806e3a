import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { VerifyResult } from '../../src/verify/result.ts'
import { commandLine } from './command-line.ts'
import type { TestDeployment } from './deployment.ts'

export interface Drill {
  readonly code: number | null
  readonly result: VerifyResult
  readonly stderr: string
}

/** `holdfast verify --json` with these arguments, as a user calls it. */
export async function drill(deployment: TestDeployment, ...args: readonly string[]): Promise<Drill> {
  const { run } = commandLine(() => deployment.directory)
  const { exitCode, stdout, stderr } = await run(['verify', '--json', ...args])
  assert.ok(
    stdout.startsWith('{'),
    `verify ${args.join(' ')} gave no result: exit code ${exitCode}, ${stderr}`,
  )
  return { code: exitCode, result: JSON.parse(stdout) as VerifyResult, stderr }
}

/** Nothing lost, nothing twice, nothing back, no error but explained ones, and every fault did what it should. */
export function assertProved(t: TestContext, { code, result, stderr }: Drill): void {
  const { verdict, words, totals, faults, closing } = result
  t.diagnostic(
    `${faults.length} faults in ${Math.round(result.durationMs / 1000)} s: ${verdict}; ${JSON.stringify(totals)}; ` +
      faults
        .map(
          ({ name, startMs, healthyMs, longestGapMs }) =>
            `${name} ${Math.round((healthyMs ?? NaN) - startMs)} ms, silent ${Math.round(longestGapMs)} ms`,
        )
        .join('; '),
  )
  assert.equal(verdict, 'proved', `${words.join('\n')}\n${stderr}`)
  assert.equal(code, 0, stderr)
  const { lost, twice, back, other, errors } = totals
  assert.deepEqual({ lost, twice, back, other, errors }, { lost: 0, twice: 0, back: 0, other: 0, errors: {} })
  assert.ok(totals.acknowledged > 0)
  for (const { name, failed, healthyMs } of faults)
    assert.ok(failed === null && healthyMs !== null, `${name}: ${failed ?? 'not healthy again'}`)
  for (const { name, passed, words: why } of closing) assert.ok(passed, `${name}: ${why}`)
}
