import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { lastLines } from '../../src/platform/files.ts'
import { findManaged, type ManagedProcess } from '../../src/platform/managed-process.ts'
import type { Status } from '../../src/targets/status.ts'
import { checkCounter } from '../../src/verify/checkers/counts.ts'
import { idsOf, readFinalCounts } from '../../src/verify/workloads/final-counts.ts'
import { runLoad, type Load } from '../../src/verify/workloads/http-load.ts'
import { summarize, type Summary } from '../../src/verify/summary.ts'
import { eventually } from './eventually.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A deployment as a user has it, made by `holdfast up`, on loopback addresses and ports of its own. */
export interface TestDeployment {
  readonly directory: string
  readonly stateDir: string
  readonly url: string
  holdfast(...args: readonly string[]): Promise<CommandResult>
  /** Fails the test unless it exits 0. @returns stdout */
  mustDo(...args: readonly string[]): Promise<string>
  status(): Promise<Status>
  healthy(withinMs?: number): Promise<Status>
  processes(): readonly ManagedProcess[]
  process(component: string): ManagedProcess
  kill(component: string, signal?: NodeJS.Signals): void
  load(options?: { callers?: number; ratePerSecond?: number }): Load
  /** Stops the load and holds its history against what is stored: nothing lost, nothing twice, nothing back. */
  check(load: Load): Promise<Summary>
  get(id: string): Promise<number>
}

let last = 0

/** @param gateway settings of the gateway beside its address: `ack: 0` */
export async function startDeployment(t: TestContext, spec = '', gateway = ''): Promise<TestDeployment> {
  last += 1
  const second = 130 + (process.pid % 60)
  const host = `127.${String(second)}.${String(last)}`
  // Instances are on 127.0.0.1, where the system hands out ports from 32768 on to whoever connects.
  const port = 10_000 + ((process.pid * 7 + last * 131) % 8000)
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-deployment-'))
  // Not 8080: a deployment with the default front door has that port of every address.
  const listen = [
    `gateway: { listen: "${host}.200:6379"${gateway === '' ? '' : `, ${gateway}`} }`,
    `frontDoor: { listen: "${host}.200:8480" }`,
    `local: { network: ${host}.0/24 }`,
  ]
  await writeFile(
    join(directory, 'holdfast.yaml'),
    [
      'name: tested',
      ...listen,
      spec.includes('app:') ? spec : `app: { port: ${String(port)} }\n${spec}`,
      '',
    ].join('\n'),
  )
  const stateDir = join(directory, '.holdfast', 'tested')
  const url = `http://${host}.200:8480`
  const run = (...args: readonly string[]) =>
    new Promise<CommandResult>((resolve) => {
      execFile(
        process.execPath,
        [main, ...args, '--spec', join(directory, 'holdfast.yaml')],
        { cwd: directory, timeout: 180_000, maxBuffer: 10 * 1024 * 1024 },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
        },
      )
    })
  let loads = 0

  const deployment: TestDeployment = {
    directory,
    stateDir,
    url,
    holdfast: run,
    mustDo: async (...args) => {
      const { code, stdout, stderr } = await run(...args)
      assert.equal(code, 0, `holdfast ${args.join(' ')} exited ${String(code)}: ${stderr}${stdout}`)
      return stdout
    },
    status: async () => JSON.parse((await run('status', '--json')).stdout) as Status,
    healthy: (withinMs = 30_000) =>
      eventually('a healthy deployment', withinMs, async () => {
        const status = await deployment.status()
        return status.state === 'healthy' ? status : `${status.state}: ${JSON.stringify(status.problems)}`
      }),
    processes: () => findManaged(stateDir),
    process: (component) => {
      const found = findManaged(stateDir).find((each) => each.component === component && !each.stray)
      if (found === undefined) throw new Error(`${component} does not run`)
      return found
    },
    kill: (component, signal = 'SIGKILL') => {
      process.kill(deployment.process(component).pid, signal)
    },
    load: ({ callers = 6, ratePerSecond = 150 } = {}) => {
      loads += 1
      return runLoad({ baseUrl: url, callers, ratePerSecond, idPrefix: `load${String(loads)}-` })
    },
    check: async (load) => {
      const history = await load.stop()
      const { host: redisHost, port: redisPort, password } = connectionOf(await deployment.mustDo('env'))
      const final = await readFinalCounts(idsOf(history), { host: redisHost, port: redisPort, password })
      const verdict = checkCounter({ history, final })
      assert.deepEqual(verdict.anomalies, [], JSON.stringify(verdict).slice(0, 2000))
      return summarize(history)
    },
    get: async (id) => {
      const response = await fetch(`${url}/${encodeURIComponent(id)}`)
      assert.equal(response.status, 200, await response.clone().text())
      return ((await response.json()) as { count: number }).count
    },
  }
  t.after(async () => {
    const passed = (t as TestContext & { readonly passed: boolean }).passed
    const down = await (passed ? run('down', '--purge', '--yes') : run('down'))
    const left = findManaged(stateDir)
    for (const each of left) await each.stop({ graceMs: 0 })
    if (!passed) {
      t.diagnostic(`kept: ${directory}`)
      for (const name of ['supervisor', 'gateway', 'agent-0', 'agent-1', 'agent-2', 'app-0']) {
        for (const line of lastLines(join(stateDir, 'logs', `${name}.log`), 8))
          t.diagnostic(line.slice(0, 250))
      }
      return
    }
    await rm(directory, { recursive: true, force: true })
    assert.equal(down.code, 0, down.stderr)
    assert.deepEqual(
      left.map((each) => each.component),
      [],
      'processes outlived down',
    )
  })
  await deployment.mustDo('up')
  return deployment
}

export function connectionOf(exports: string): { host: string; port: number; password: string } {
  const value = (name: string) => new RegExp(`export ${name}='([^']*)'`).exec(exports)?.[1] ?? ''
  return { host: value('REDIS_HOST'), port: Number(value('REDIS_PORT')), password: value('REDIS_PASSWORD') }
}
