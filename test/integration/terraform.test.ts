import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { findProgram } from '../../src/platform/run-program.ts'
import type { Status } from '../../src/targets/status.ts'
import { bareDeployment } from '../harness/bare-deployment.ts'
import { exitOf } from '../harness/command-line.ts'

const terraform = findProgram(['terraform', 'tofu'], process.env)
// No distribution has it: where it is missing nothing here could bring it, in CI neither.
const missing = terraform === null && 'neither terraform nor tofu is on the PATH'
const example = join(import.meta.dirname, '../../deploy/terraform/example')
const secret = 'of-the-environment-7431'

interface Ran {
  readonly status: number | null
  readonly said: string
}

/** Terraform in the example's directory, with state and data in one of the test's own. */
function terraformOf(t: TestContext, spec: string) {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-terraform-'))
  t.after(() => {
    rmSync(directory, { recursive: true })
  })
  const state = join(directory, 'state', 'terraform.tfstate')
  mkdirSync(join(directory, 'state'))
  const env = {
    ...process.env,
    TF_DATA_DIR: join(directory, 'data'),
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
    TF_CLI_CONFIG_FILE: '/dev/null',
    SHOP_PASSWORD: secret,
  }
  const run = async (...args: readonly string[]): Promise<Ran> => {
    const child = spawn(terraform ?? '', [`-chdir=${example}`, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [out, err, status] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)])
    return { status, said: out + err }
  }
  const about = (verb: string, ...more: readonly string[]) =>
    run(verb, '-no-color', '-input=false', `-state=${state}`, `-var=spec=${spec}`, ...more)
  return {
    run,
    about,
    /** Everything that Terraform keeps. */
    kept: () =>
      readdirSync(join(directory, 'state'))
        .map((name) => readFileSync(join(directory, 'state', name), 'utf8'))
        .join('\n'),
  }
}

describe('deploy/terraform', { skip: missing }, () => {
  it('is in the form that terraform gives it', async (t) => {
    const { run } = terraformOf(t, '')
    assert.deepEqual(await run('fmt', '-check', '-recursive', '..'), { status: 0, said: '' })
  })

  it('brings a deployment up, changes it in place, and takes it down with its data kept or removed', async (t) => {
    const deployment = bareDeployment(t)
    const password = 'redis: {password: {env: SHOP_PASSWORD}}'
    deployment.writeSpec(password)
    const { run, about, kept } = terraformOf(t, join(deployment.directory, 'holdfast.yaml'))
    const done = async (verb: string, ...more: readonly string[]): Promise<string> => {
      const { status, said } = await about(verb, '-auto-approve', ...more)
      assert.equal(status, 0, said)
      return said
    }
    const changes = async (): Promise<boolean> => {
      const { status, said } = await about('plan', '-detailed-exitcode')
      assert.ok(status === 0 || status === 2, said)
      return status === 2
    }
    const count = async (): Promise<string> => (await fetch(`${deployment.url}/one`)).text()
    const look = (): Promise<Status> => deployment.readStatus()
    const init = await run('init', '-no-color', '-input=false')
    assert.equal(init.status, 0, init.said)

    const first = await done('apply')
    assert.equal((await look()).state, 'healthy')
    assert.equal(await count(), '{"count":1}')
    assert.equal(await changes(), false, 'nothing is left to do')
    const internal = readFileSync(join(deployment.stateDir, 'secrets', 'internal'), 'utf8')
    for (const hidden of [secret, internal.trim()])
      assert.ok(!`${first}${kept()}`.includes(hidden), 'no secret in what is said or kept')

    const { epoch } = await look()
    deployment.writeSpec(`${password}\ngateway2: {}`)
    assert.equal(
      (await about('apply', '-auto-approve')).status,
      1,
      'a spec that is wrong is an error of apply',
    )
    assert.equal(await count(), '{"count":2}', 'and what runs goes on')
    deployment.writeSpec(`${password}\n# another text`)
    assert.equal(await changes(), true)
    await done('apply')
    assert.equal(await count(), '{"count":3}')
    assert.equal((await look()).epoch, epoch, 'nothing was stopped for it')

    await done('destroy')
    assert.equal((await look()).state, 'down')
    await done('apply')
    assert.equal(await count(), '{"count":4}', 'the data was kept')
    await done('apply', '-var=purge=true')
    await done('destroy', '-var=purge=true')
    assert.equal(existsSync(deployment.stateDir), false)
  })
})
