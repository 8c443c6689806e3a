import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runLoad } from '../../src/verify/workloads/http-load.ts'
import { checkCounter } from '../../src/verify/checkers/counts.ts'
import type { CountedHistory } from '../../src/verify/checkers/counted.ts'
import { idsOf } from '../../src/verify/workloads/final-counts.ts'
import { eventually } from '../harness/eventually.ts'
import type { FreshMachine, Ran } from '../harness/fresh-machine.ts'
import { freshMachine, noFreshMachine } from '../harness/fresh-machine.ts'

const checkout = join(import.meta.dirname, '../..')
const healthyWithinMs = 120_000
const services = [
  ...['front-door', 'app-0', 'app-1', 'app-2', 'gateway', 'agent-0', 'agent-1', 'agent-2'].map(
    (part) => `holdfast-counter-${part}.service`,
  ),
]
/** What a caller sees of a process that dies with its call in hand. Being refused, or waiting for nothing, is none of it. */
const inHand = new Set(['econnreset', 'http-502', 'http-500'])

describe('systemd as the supervisor', { skip: noFreshMachine(process.env) }, (t) => {
  let machine: FreshMachine
  let url = ''
  let loads = 0

  async function type(line: string, status = 0, user = 'ubuntu'): Promise<Ran> {
    const ran = await machine.shell(`cd ~ubuntu/app && ${line}`, user)
    assert.equal(ran.status, status, `${line}\n${ran.stdout.slice(-8000)}\n${ran.stderr.slice(-8000)}`)
    return ran
  }
  async function count(id: string): Promise<number> {
    const answer = await fetch(`${url}/${id}`, { signal: AbortSignal.timeout(30_000) })
    const body = await answer.text()
    assert.equal(answer.status, 200, body)
    return (JSON.parse(body) as { count: number }).count
  }
  const healthy = (): Promise<unknown> =>
    eventually('everything is healthy', healthyWithinMs, async () => {
      const { status, stdout, stderr } = await machine.shell('cd app && sudo ./holdfast status --json')
      return status === 0 ? true : stdout + stderr
    })
  /** While callers count. @returns what went wrong for them, by kind, once it is clear that nothing was lost or counted twice */
  async function underLoad(work: () => Promise<void>): Promise<Map<string, number>> {
    const load = runLoad({
      baseUrl: url,
      callers: 8,
      idPrefix: `load-${String(++loads)}-`,
      timeoutMs: 30_000,
    })
    try {
      await load.answered(200)
      await work()
      await load.answered(200)
    } finally {
      await load.stop()
    }
    return await audit(load.history)
  }

  /** Nothing that was answered is missing, nothing was counted twice. @returns what went wrong for callers, by kind */
  async function audit(history: CountedHistory): Promise<Map<string, number>> {
    const final = new Map<string, number>()
    for (const id of idsOf(history)) final.set(id, (await count(id)) - 1)
    const { result, anomalies } = checkCounter({ history, final })
    assert.equal(result, 'sound', JSON.stringify(anomalies.slice(0, 3)))
    const errors = new Map<string, number>()
    for (const { outcome } of history) {
      if (outcome.kind !== 'ok') errors.set(outcome.why, (errors.get(outcome.why) ?? 0) + 1)
    }
    return errors
  }

  async function unitPid(unit: string): Promise<number> {
    return Number((await type(`systemctl show --property=MainPID --value ${unit}`)).stdout)
  }
  const writeSpec = (supervisor: string): Promise<Ran> =>
    type(
      `printf 'local: { supervisor: %s }\\nredis: { appendfsync: always }\\n' ${supervisor} > holdfast.yaml`,
    )

  before(async () => {
    machine = await freshMachine(process.env, t)
    url = `http://${machine.address}:8080`
    await machine.copy(checkout, 'app')
  })
  after(async () => {
    await machine.remove()
  })

  it('takes over, with all data, what the embedded supervisor had', async () => {
    await writeSpec('embedded')
    await type('./holdfast up')
    for (const expected of [1, 2, 3]) assert.equal(await count('moved'), expected)
    await writeSpec('systemd')
    const { stderr } = await type('sudo ./holdfast up')
    assert.match(stderr, /moving .*\.holdfast\/counter to \/var\/lib\/holdfast\/counter/)
    assert.equal(await count('moved'), 4)
    await type('test ! -e .holdfast/counter && test ! -e .holdfast/counter.moved')
    assert.match((await type('sudo ./holdfast up')).stderr, /nothing to do/)
  })

  it('is refused, in plain words, to whoever may not or means the other', async () => {
    const { stderr } = await type('./holdfast status', 2)
    assert.match(stderr, /under systemd: only root/)
    await writeSpec('embedded')
    assert.match((await type('./holdfast up', 2)).stderr, /is under systemd on this machine/)
    await writeSpec('systemd')
  })

  it('every unit has a sandbox that systemd calls OK or better, and runs as the system user', async () => {
    const { stdout } = await type('systemd-analyze security --no-pager | grep holdfast-counter')
    t.diagnostic(stdout)
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
    assert.deepEqual(rows.map(([unit]) => unit).toSorted(), services.toSorted())
    for (const [unit = '', exposure] of rows) assert.ok(Number(exposure) < 5, `${unit}: ${String(exposure)}`)
    const owners = await type(
      "ps -eo user:20,args | grep -E '[r]edis-server|[h]aproxy|[m]ain.ts' | cut -d' ' -f1 | sort -u",
    )
    assert.equal(owners.stdout, 'holdfast\n')
  })

  it('no secret is where others can read it', async () => {
    const { stdout: line } = await type('sudo ./holdfast env | grep PASSWORD')
    const password = /'(.*)'/.exec(line)?.[1] ?? ''
    assert.ok(password.length >= 8)
    const places = '/etc/systemd /opt/holdfast /etc/holdfast /var/lib/holdfast /var/cache/holdfast'
    await type(`grep -rqF '${password}' ${places} 2>/dev/null`, 2)
    await type(`sudo journalctl -b --no-pager -u 'holdfast-*' | grep -qF '${password}'`, 1)
    const files = await type(
      `sudo grep -rlF '${password}' ${places} | sudo xargs -d '\\n' stat -c %a | sort -u`,
    )
    assert.equal(files.stdout, '600\n')
  })

  it('every unit, killed in turn under load, heals, and nobody is refused', async () => {
    const errors = await underLoad(async () => {
      for (const unit of services) {
        const before = await unitPid(unit)
        await type(`sudo systemctl kill --signal=KILL --kill-who=main ${unit}`)
        await eventually(`${unit} is back`, healthyWithinMs, async () => {
          const now = await unitPid(unit)
          return now !== 0 && now !== before ? true : `pid ${String(now)}`
        })
        await healthy()
      }
      for (const server of ['nodes/0/[r]edis.conf', 'nodes/1/[s]entinel.conf']) {
        await type(`sudo pkill -KILL -f '${server}'`)
        await healthy()
      }
    })
    t.diagnostic(`calls that were in hand of what was killed: ${JSON.stringify([...errors])}`)
    assert.deepEqual(
      [...errors.keys()].filter((why) => !inHand.has(why)),
      [],
    )
  })

  it('commands that change one part after the other cost nobody anything', async () => {
    const errors = await underLoad(async () => {
      for (const command of [
        'scale 4',
        'refresh',
        'switchover',
        'restart gateway',
        'restart front-door',
        'restart agent-1',
        'restart redis-2',
        'restart sentinel-0',
        'restart app-1',
        'rotate-password',
        'backup /home/ubuntu/counter.backup',
        'up',
      ]) {
        await type(`sudo ./holdfast ${command}`)
        await healthy()
      }
    })
    // The gateway takes what is in hand with it, as any server: that is stated.
    t.diagnostic(JSON.stringify([...errors]))
    assert.deepEqual(
      [...errors.keys()].filter((why) => !inHand.has(why)),
      [],
    )
    for (const part of ['gateway', 'front-door', 'app-0', 'agent-0', 'redis-1', 'sentinel-1']) {
      assert.notEqual((await type(`sudo ./holdfast logs ${part}`)).stdout, '')
    }
  })

  it('answers again by itself after a reboot', async () => {
    await count('reboot')
    await machine.reboot()
    await healthy()
    assert.equal(await count('reboot'), 2)
    assert.match((await type('sudo ./holdfast up')).stderr, /nothing to do/)
  })

  it('loses nothing that was answered, with appendfsync always, when the power is cut under load', async () => {
    const errors = await underLoad(async () => {
      await machine.cutPower()
      await healthy()
    })
    t.diagnostic(`what callers saw of it: ${JSON.stringify([...errors])}`)
  })

  it('down stops it for good, and the data stays', async () => {
    await count('down')
    await type('sudo ./holdfast down')
    await machine.reboot()
    const left = await type("ps -eo args | grep -E '[r]edis-server|[h]aproxy|[m]ain.ts' || :")
    assert.equal(left.stdout, '')
    await type('sudo ./holdfast up')
    assert.equal(await count('down'), 2)
  })

  it('a backup is restored after everything was removed, and down --purge leaves nothing', async () => {
    await type('sudo ./holdfast backup --overwrite /home/ubuntu/counter.backup')
    await count('after-the-backup')
    await purge()
    await type('sudo ./holdfast restore /home/ubuntu/counter.backup')
    await healthy()
    assert.equal(await count('moved'), 5)
    assert.equal(await count('after-the-backup'), 1)
    await purge()
  })

  async function purge(): Promise<void> {
    await type('sudo ./holdfast down --purge --yes')
    const places = '/var/lib/holdfast /etc/holdfast /opt/holdfast /var/cache/holdfast /run/holdfast'
    assert.equal((await type(`ls -d ${places} 2>/dev/null || :`)).stdout, '')
    assert.equal((await type('getent passwd holdfast || getent group holdfast || :')).stdout, '')
    assert.equal(
      (await type("sudo find /etc/systemd /run/systemd/system /usr/lib/systemd -name '*holdfast*'")).stdout,
      '',
    )
    assert.equal((await type("systemctl list-units --all --plain --no-legend 'holdfast*'")).stdout, '')
    assert.equal((await type("ps -eo args | grep -E '[r]edis-server|[h]aproxy|[m]ain.ts' || :")).stdout, '')
    assert.equal((await type('find . ! -user ubuntu')).stdout, '')
  }
})
