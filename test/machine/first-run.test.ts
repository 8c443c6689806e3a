import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { FreshMachine, Ran } from '../harness/fresh-machine.ts'
import { freshMachine, noFreshMachine } from '../harness/fresh-machine.ts'

const checkout = join(import.meta.dirname, '../..')

describe('a just-installed machine, a user with sudo', { skip: noFreshMachine(process.env) }, (t) => {
  let machine: FreshMachine | undefined

  /** One line typed in the clone; it must end with this status. */
  async function type(line: string, status = 0): Promise<Ran> {
    assert.ok(machine)
    const ran = await machine.shell(`cd app && ${line}`)
    assert.equal(ran.status, status, `${line}\n${ran.stdout.slice(-8000)}\n${ran.stderr.slice(-8000)}`)
    return ran
  }

  let counted = 0
  async function oneMore(): Promise<void> {
    const { stdout } = await type('curl -sS --fail-with-body http://127.0.0.1:8080/first-run')
    assert.deepEqual(JSON.parse(stdout), { count: ++counted })
  }

  before(async () => {
    machine = await freshMachine(process.env, t)
    await machine.copy(checkout, 'app')
  })
  after(async () => {
    await machine?.remove()
  })

  it('./holdfast up brings everything, and the counter counts', async () => {
    const up = await type('./holdfast up')
    assert.match(up.stderr, /installing with sudo apt: redis-server redis-tools haproxy make/)
    assert.match(up.stderr, /installing Node 24/)
    assert.match(up.stdout, /curl /)
    for (let call = 1; call <= 3; call++) await oneMore()
    await type('./holdfast status')
  })

  it('no service of the distribution is enabled or running, and nothing was left behind', async () => {
    for (const service of ['redis-server', 'haproxy']) {
      assert.equal((await type(`systemctl is-enabled ${service} || :`)).stdout, 'disabled\n')
      assert.equal((await type(`systemctl is-active ${service} || :`)).stdout, 'inactive\n')
    }
    await type('test ! -e /usr/sbin/policy-rc.d')
    assert.equal((await type('find . ! -user ubuntu')).stdout, '')
  })

  it('a second up says that there is nothing to do', async () => {
    const again = await type('./holdfast up')
    assert.match(again.stdout + again.stderr, /nothing to do/i)
    assert.doesNotMatch(again.stderr, /installing/)
    await oneMore()
  })

  const made = process.env.MACHINE_MAKE ?? 'test'
  it(`make ${made} installs what it needs and passes, beside what runs`, async () => {
    await type(`make ${made}`)
    await oneMore()
  })

  it('./holdfast down stops it, and the data stays', async () => {
    await type('./holdfast down')
    const left = await type("ps -eo args | grep -E '[r]edis-|[h]aproxy|[c]li/main.ts' || :")
    assert.equal(left.stdout, '')
    await type('./holdfast up')
    await oneMore()
    await type('./holdfast down --purge --yes')
  })
})
