import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

import type { Status } from '../../src/targets/status.ts'
import { commandLine, exitOf, ownAddresses } from '../harness/command-line.ts'
import type { CommandResult } from '../harness/command-line.ts'

const place = ownAddresses()
const frontDoor = `http://${place.frontDoor}`
const spec = `name: cli-integration
app: {instances: 2, port: ${place.appPort}}
redis: {password: {file: password}}
gateway: {listen: "${place.gateway}"}
frontDoor: {listen: "${place.frontDoor}"}
local: {network: ${place.network}}
`

/** The commands as somebody types them, one after the other, on a real deployment. */
describe('the commands on a deployment', { timeout: 180_000 }, () => {
  let directory = ''
  const { start, run, readStatus } = commandLine(() => directory)
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-cli-'))
    await writeFile(join(directory, 'holdfast.yaml'), spec)
    await writeFile(join(directory, 'password'), 'it\'s $ecret, "really"\n', { mode: 0o600 })
  })
  after(async () => {
    await run(['down', '--purge', '--yes'])
    await rm(directory, { recursive: true })
  })

  it('before the first up: down, and everything says what to type', async () => {
    const status = await run(['status'])
    assert.equal(status.exitCode, 1)
    assert.match(status.stdout, /^cli-integration on this machine: down/)
    assert.match(status.stderr, /\.\/holdfast up/)
    assertSays(await run(['env']), /\.\/holdfast up/)
    assertSays(await run(['redis-cli', 'PING']), /\.\/holdfast up/)
    assertSays(await run(['scale', '3']), /\.\/holdfast up/)
    const down = await run(['down'])
    assert.equal(down.exitCode, 0)
    assert.match(down.stdout, /does not run: nothing to do/)
  })

  it('Ctrl-C in the middle of up: 130, and up goes on from there', async () => {
    const child = start(['up'])
    const exit = exitOf(child)
    let output = ''
    for await (const chunk of child.stderr) {
      output += String(chunk)
      if (!child.killed && output.includes('waiting: ')) child.kill('SIGINT')
    }
    assert.match(
      output,
      /interrupted: \.\/holdfast up goes on from here, \.\/holdfast down stops what was started/,
    )
    assert.equal(await exit, 130)
  })

  it('up ends with an address that works', async () => {
    const { exitCode, stdout, stderr } = await run(['up'])
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /notice: removed the newline at the end of the file .*password/)
    assert.ok(stdout.startsWith(`cli-integration is up: ${frontDoor}\n`), stdout)
    assert.ok(stdout.includes(`curl ${frontDoor}/hello\n`), stdout)
    assert.equal(await count('hello'), 1)
    assert.equal(await count('hello'), 2)
    assert.equal((await stat(join(directory, '.holdfast/cli-integration'))).mode & 0o777, 0o700)
  })

  it('a second up has nothing to do and says so', async () => {
    const { exitCode, stderr, stdout } = await run(['up'])
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /cli-integration already runs as .*holdfast\.yaml says: nothing to do/)
    assert.match(stdout, /curl /)
  })

  it('status: a table, and JSON that is healthy', async () => {
    const { stdout, exitCode } = await run(['status'])
    assert.match(stdout, /^cli-integration on this machine: healthy\n/)
    assert.match(stdout, /redis-0 +127\.\d+\.\d+\.1:6379 +primary +yes/)
    assert.equal(exitCode, 0)
    const status = await readStatus()
    assert.equal(status.state, 'healthy')
    assert.equal(status.primary, 'redis-0')
    assert.equal(status.nodes.length, 3)
    assert.deepEqual(status.problems, [])
  })

  it('doctor finds nothing wrong', async () => {
    const { exitCode, stdout } = await run(['doctor', '--json'])
    assert.deepEqual((JSON.parse(stdout) as { problems: unknown[] }).problems, [])
    assert.equal(exitCode, 0)
  })

  it('env gives a shell what redis-cli needs, whatever is in the password', async () => {
    const { stdout } = await run(['env'])
    const script = `${stdout}\nREDISCLI_AUTH=$REDIS_PASSWORD redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" -n "$REDIS_DB" GET hello`
    assert.equal((await promisify(execFile)('/bin/sh', ['-c', script])).stdout, '2\n')
    const variables = JSON.parse((await run(['env', '--json'])).stdout) as Record<string, string>
    assert.equal(variables.REDIS_PASSWORD, 'it\'s $ecret, "really"')
    assert.equal(`${variables.REDIS_HOST ?? ''}:${variables.REDIS_PORT ?? ''}`, place.gateway)
  })

  it('redis-cli is the real one, with its exit code', async () => {
    assert.deepEqual(await run(['redis-cli', 'GET', 'hello']), { exitCode: 0, stdout: '2\n', stderr: '' })
    assert.notEqual((await run(['redis-cli', '-e', 'NO-SUCH-COMMAND'])).exitCode, 0)
  })

  it('scale, refresh, restart, switchover say what they did, and it keeps counting', async () => {
    const scaled = await run(['scale', '3'])
    assert.equal(scaled.exitCode, 0, scaled.stderr)
    assert.match(scaled.stderr, /The next up restores the spec's number: 2/)
    assert.equal((await readStatus()).instances.length, 3)
    for (const args of [['restart', 'app-0'], ['restart', 'gateway'], ['refresh']]) {
      const { exitCode, stderr } = await run(args)
      assert.equal(exitCode, 0, `${args.join(' ')}: ${stderr}`)
    }
    const switched = await run(['switchover', '--to', 'redis-1'])
    assert.equal(switched.exitCode, 0, switched.stderr)
    assert.equal(switched.stdout, 'The primary is redis-1.\n')
    assert.equal((await readStatus()).primary, 'redis-1')
    assert.equal(await count('hello'), 3)
  })

  it('up restores the number of instances', async () => {
    const { exitCode, stderr } = await run(['up'])
    assert.equal(exitCode, 0, stderr)
    assert.doesNotMatch(stderr, /nothing to do/)
    assert.equal((await readStatus()).instances.length, 2)
  })

  it('logs are readable, of one part and of all', async () => {
    const one = await run(['logs', 'gateway'])
    assert.equal(one.exitCode, 0, one.stderr)
    assert.match(one.stdout, /^\d{4}-\d\d-\d\dT\S+ info /m)
    assert.match((await run(['logs', 'redis-0'])).stdout, /Ready to accept connections/)
    assert.match((await run(['logs'])).stdout, /Ready to accept connections/)
    assert.doesNotMatch((await run(['logs'])).stdout, /\$ecret/)
  })

  it('status --watch goes on until Ctrl-C', async () => {
    const child = start(['status', '--watch', '--json'])
    const [first] = (await once(child.stdout, 'data')) as [Buffer]
    assert.equal((JSON.parse(first.toString().split('\n')[0] ?? '') as Status).name, 'cli-integration')
    child.kill('SIGINT')
    assert.equal(await exitOf(child), 130)
  })

  it('a broken spec can be stopped; up again goes on counting; purge leaves nothing', async () => {
    await writeFile(join(directory, 'holdfast.yaml'), spec.replace('instances: 2', 'instances: 0'))
    const down = await run(['down'])
    assert.equal(down.exitCode, 0, down.stderr)
    assert.match(
      down.stderr,
      /must be a whole number from 1 to 64[\s\S]*Going by its name alone: cli-integration/,
    )
    await writeFile(join(directory, 'holdfast.yaml'), spec)
    assert.equal((await run(['status'])).exitCode, 1)
    const up = await run(['up'])
    assert.equal(up.exitCode, 0, up.stderr)
    assert.equal(await count('hello'), 4)
    const purge = await run(['down', '--purge', '--yes'])
    assert.equal(purge.exitCode, 0, purge.stderr)
    assert.equal(existsSync(join(directory, '.holdfast/cli-integration')), false)
  })
})

async function count(id: string): Promise<number> {
  const response = await fetch(`${frontDoor}/${id}`)
  assert.equal(response.status, 200)
  return ((await response.json()) as { count: number }).count
}

function assertSays({ exitCode, stderr }: CommandResult, expected: RegExp): void {
  assert.match(stderr, expected)
  assert.notEqual(exitCode, 0)
}
