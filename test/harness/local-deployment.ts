import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { findManaged, type ManagedProcess } from '../../src/platform/managed-process.ts'
import { parseSpec } from '../../src/spec/parse.ts'
import { localTarget } from '../../src/targets/local/target.ts'
import type { Status } from '../../src/targets/status.ts'
import type { Target, TargetContext } from '../../src/targets/target.ts'
import { buildTopology } from '../../src/topology/build.ts'
import { checkCounter } from '../../src/verify/checkers/counts.ts'
import { idsOf, readFinalCounts } from '../../src/verify/workloads/final-counts.ts'
import type { CountedHistory } from '../../src/verify/checkers/counted.ts'
import { eventually } from './eventually.ts'

/** A whole deployment of the local target, on addresses of its own, removed when the test passes. */
export interface LocalDeployment {
  readonly stateDir: string
  readonly url: string
  readonly target: Target
  readonly context: TargetContext
  /** What was said about progress. */
  readonly steps: readonly string[]
  /** `up` with this spec; where it says nothing about addresses they are the test's own. */
  readonly up: (spec?: string, password?: string) => Promise<readonly string[]>
  /** What `up` with it would do. */
  readonly plan: (spec: string) => Promise<readonly string[]>
  /** The leader process of a component that runs now. */
  readonly running: (component: string) => ManagedProcess
  readonly healthy: (withinMs?: number) => Promise<Status>
  /** Fails when a count was lost, given twice, or went back. @returns the outcomes other than a count */
  readonly audit: (history: CountedHistory) => Promise<readonly string[]>
}

/**
 * @param network third byte of the loopback addresses 127.30.x.y: each test file has its own; below 127, so that no port of an
 *   instance is one that the kernel gives to connections
 */
export function localDeployment(t: TestContext, network: number): LocalDeployment {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-local-'))
  const name = `local-${String(network)}`
  const stateDir = join(directory, '.holdfast', name)
  const base = `127.30.${String(network)}`
  const target = localTarget({ stateDir, name })
  const steps: string[] = []
  const context: TargetContext = {
    progress: { step: (text) => steps.push(text), waiting: () => undefined },
    signal: new AbortController().signal,
  }
  const addresses = `
name: ${name}
gateway: {listen: "${base}.101:6379"}
frontDoor: {listen: "${base}.100:8480"}
local: {network: ${base}.0/24}
`
  const topologyOf = (spec: string) => buildTopology(parseSpec(addresses + spec, 'holdfast.yaml'), directory)
  t.after(async () => {
    // `passed` is missing in @types/node.
    const saved = (t as TestContext & { passed: boolean }).passed
      ? null
      : mkdtempSync(join(tmpdir(), 'holdfast-failed-'))
    if (saved !== null && existsSync(stateDir)) {
      cpSync(stateDir, saved, { recursive: true, filter: (path) => !path.endsWith('.sock') })
      t.diagnostic(`logs and state are kept in ${saved}`)
    }
    await target.remove({ purge: true }, context)
    assert.deepEqual(
      findManaged(stateDir).map(({ component }) => component),
      [],
    )
    rmSync(directory, { recursive: true })
  })
  return {
    stateDir,
    url: `http://${base}.100:8480`,
    target,
    context,
    steps,
    up: (spec = `app: {instances: 2, port: ${String(20_000 + network * 100)}}`, password) =>
      target.apply(topologyOf(spec), password ?? null, context),
    plan: (spec) => target.plan(topologyOf(spec), null, context),
    running: (component) => {
      const found = findManaged(stateDir).find((process) => process.component === component && !process.stray)
      assert.ok(found, `${component} does not run`)
      return found
    },
    healthy: (withinMs = 20_000) =>
      eventually('everything is healthy', withinMs, async () => {
        const status = await target.observe()
        return status.state === 'healthy' ? status : JSON.stringify(status.problems)
      }),
    audit: async (history) => {
      const final = await readFinalCounts(idsOf(history), await target.connection())
      const { result, anomalies } = checkCounter({ history, final })
      assert.equal(result, 'sound', JSON.stringify(anomalies.slice(0, 3)))
      return history.flatMap(({ outcome }) => (outcome.kind === 'ok' ? [] : [JSON.stringify(outcome)]))
    },
  }
}
