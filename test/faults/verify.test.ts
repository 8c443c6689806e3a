import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { lastLines } from '../../src/platform/files.ts'
import { decodeHistory } from '../../src/verify/history.ts'
import type { VerifyResult } from '../../src/verify/result.ts'
import { readStat } from '../../src/platform/proc.ts'
import { commandLine, exitOf } from '../harness/command-line.ts'
import { startDeployment, type TestDeployment } from '../harness/deployment.ts'
import { eventually } from '../harness/eventually.ts'

/** The drill as a user calls it, on one deployment: what it says, and what it leaves behind, which is nothing. */
test('verify: proves, notices what is planted, ends whole after Ctrl-C and kill -9, says why it cannot run', async (t) => {
  const deployment = await startDeployment(t)
  await deployment.healthy()
  const parts = components(deployment)
  const left = async (): Promise<void> => {
    await deployment.healthy(60_000)
    assert.equal(await keys(deployment), '')
    await eventually('all parts as before, and nothing else', 20_000, () => {
      const now = components(deployment)
      return now === parts ? { now } : now
    })
    const stopped = deployment.processes().filter(({ pid }) => readStat(pid)?.stopped === true)
    assert.deepEqual(stopped, [])
    assert.equal(existsSync(join(deployment.stateDir, 'run', 'verify-gateway')), false)
  }

  await t.test('a minute of the ordinary mix proves, and reports', async () => {
    const { code, stdout, stderr } = await deployment.holdfast('verify', '--json', '--seed', '7')
    if (code !== 0) t.diagnostic(logLines(deployment))
    assert.equal(code, 0, `${stderr}\n${stdout.slice(0, 3000)}`)
    const result = JSON.parse(stdout) as VerifyResult
    assert.equal(result.verdict, 'proved', result.words.join('\n'))
    assert.ok(result.faults.length >= 4, stderr)
    assert.ok(result.faults.every(({ did, failed }) => did.length > 0 && failed === null))
    assert.ok(result.failovers.length > 0, 'the gateway told of a change of the primary')
    assert.ok(result.closing.length >= 8 && result.closing.every(({ passed }) => passed))
    const path = stderr.trim().split('\n').at(-1) ?? ''
    assert.match(readFileSync(path, 'utf8'), /<!doctype html>[\s\S]*Proved/)
    const history = decodeHistory(readFileSync(path.replace(/html$/, 'jsonl'), 'utf8'))
    const answered = history.filter(({ outcome }) => outcome.kind === 'ok').length
    assert.equal(answered, result.totals.acknowledged)
    const gateways = new Set(history.filter(({ workload }) => workload === 'incr').map(({ at }) => at))
    assert.equal(gateways.size, 2, 'the same keys through two gateways')
    await left()
  })

  const { start } = commandLine(() => deployment.directory)
  await t.test('what somebody takes away meanwhile is violated: 1, and says what', async () => {
    const child = start(['verify', '--for', '8s', '--faults', 'none', '--workloads', 'incr,counter'])
    const said = output(child)
    await eventually('calls', 20_000, () => said().includes('the rest of the time') || said())
    const some = (await keys(deployment)).split('\n')
    await redis(deployment, 'UNLINK', ...some)
    assert.equal(await exitOf(child), 1, said())
    assert.match(said(), /Violated: [\d,]+ .*(lost|gone back)/)
    await left()
  })

  await t.test('Ctrl-C in the middle of a fault: 130', async () => {
    const child = start(['verify', '--faults', 'pause-primary@1s'])
    const said = output(child)
    const exited = exitOf(child)
    await eventually('the fault', 30_000, () => isStopped(deployment) || said())
    child.kill('SIGINT')
    assert.equal(await exited, 130, said())
    assert.match(said(), /interrupted: everything is healed/)
    await left()
  })

  await t.test(
    'kill -9 in the middle of a fault: healed by itself, and the next run takes its keys away',
    async () => {
      const child = start(['verify', '--faults', 'pause-primary@1s'])
      const said = output(child)
      const exited = exitOf(child)
      await eventually('the fault', 30_000, () => isStopped(deployment) || said())
      child.kill('SIGKILL')
      await exited
      await deployment.healthy(60_000)
      assert.notEqual(await keys(deployment), '')
      const next = await deployment.holdfast('verify', '--for', '5s', '--faults', 'none', '--clients', '7')
      assert.equal(next.code, 0, next.stderr + next.stdout)
      await left()
    },
  )

  await t.test('only calls, against any counter: warns, and proves', async () => {
    const { code, stdout, stderr } = await againstFrontDoor(deployment)
    assert.equal(code, 0, stderr)
    assert.match(stderr, /warning: http:\S+ is not known to be a deployment of Holdfast/)
    assert.match(stdout, /^Proved: /)
    assert.notEqual(await keys(deployment), '', 'what was counted over HTTP stays')
    await redis(deployment, 'UNLINK', ...(await keys(deployment)).split('\n'))
  })

  await t.test('mistakes and what cannot run exit 2 and say what to type', async () => {
    for (const [args, expected] of [
      [['--for', 'long'], /--for long: a time of at least 5s/],
      [['--faults', 'kill-primery'], /kill-primery: there is no such fault; kill-primary\?/],
      [['--workloads', 'countr'], /there is no such workload; counter\?/],
      [['--rate', '0', '--seed', 'x'], /--rate 0: .*\n.*--seed x: /],
      [['--against', 'ftp://x'], /--against ftp:\/\/x: a URL like/],
      [['--faults', 'flushall-beside-writes'], /only with --destructive/],
      [
        ['--faults', 'flushall-beside-writes', '--destructive'],
        /no terminal to ask[\s\S]*--destructive --yes/,
      ],
    ] as const) {
      const { code, stderr } = await deployment.holdfast('verify', ...args)
      assert.match(stderr, expected)
      assert.equal(code, 2, args.join(' '))
    }
    await deployment.mustDo('down')
    const down = await deployment.holdfast('verify')
    assert.match(down.stderr, /tested does not run\n[\s\S]*holdfast up/)
    assert.equal(down.code, 2)
    const files = await readdir(join(deployment.directory, '.holdfast', 'reports'))
    assert.ok(
      files.every((file) => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.(html|jsonl)$/.test(file)),
      files.join(),
    )
    await deployment.mustDo('up')
  })
})

/** What gateways and agents said, for a failure that nobody can look into afterwards. */
function logLines({ stateDir }: TestDeployment): string {
  const names = ['gateway', 'verify-gateway', 'agent-0', 'agent-1', 'agent-2']
  return names
    .flatMap((name) => lastLines(join(stateDir, 'logs', `${name}.log`), 60).map((line) => `${name} ${line}`))
    .join('\n')
}

function components(deployment: TestDeployment): string {
  const names = deployment.processes().map(({ component }) => component)
  return names.toSorted((a, b) => a.localeCompare(b)).join(' ')
}

async function keys(deployment: TestDeployment): Promise<string> {
  return await redis(deployment, '--scan', '--pattern', 'holdfast-verify:*')
}

async function redis(deployment: TestDeployment, ...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await commandLine(() => deployment.directory).run([
    'redis-cli',
    ...words,
  ])
  assert.equal(exitCode, 0, stderr)
  return stdout.trim()
}

function isStopped(deployment: TestDeployment): { readonly component: string } | false {
  const found = deployment.processes().find(({ pid }) => readStat(pid)?.stopped === true)
  return found === undefined ? false : { component: found.component }
}

async function againstFrontDoor(deployment: TestDeployment) {
  return await deployment.holdfast(
    'verify',
    '--against',
    `${deployment.url}/`,
    '--for',
    '5s',
    '--clients',
    '6',
  )
}

function output(child: ReturnType<ReturnType<typeof commandLine>['start']>): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return () => text
}
