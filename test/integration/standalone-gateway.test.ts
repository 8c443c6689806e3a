import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { commandLine, exitOf } from '../harness/command-line.ts'
import { CountingClient } from '../harness/counting-client.ts'
import { eventually } from '../harness/eventually.ts'
import { PlainSentinels } from '../harness/plain-sentinels.ts'
import { RawClient } from '../harness/raw-client.ts'

const deployment = new PlainSentinels()
const directory = mkdtempSync(join(tmpdir(), 'holdfast-standalone-'))
const host = `127.66.${String(1 + (process.pid % 250))}.1`
const [port, adminPort] = [6379, 6380]
const { password } = deployment.nodeCredentials
let gateway: ChildProcess
const limits = join(directory, 'limits.yaml')
let log = ''

/** One story: a Sentinel deployment that knows nothing of Holdfast, and a gateway that is started before it. */
before(async () => {
  await deployment.start()
  await deployment.settled(0)
  const file = join(directory, 'redis-password')
  writeFileSync(file, `${password}\n`, { mode: 0o600 })
  writeFileSync(limits, 'gateway: {limits: {sessions: 100}}')
  const sentinels = deployment.sentinels.map((one) => `${one.host}:${String(one.port)}`).join(',')
  const started = commandLine(() => directory).start(
    [
      'gateway',
      '--sentinels',
      sentinels,
      '--name',
      deployment.name,
      '--listen',
      `${host}:${String(port)}`,
      '--limits',
      limits,
    ],
    {
      HOLDFAST_REDIS_PASSWORD_FILE: file,
      HOLDFAST_SENTINEL_PASSWORD: deployment.sentinelCredentials.password,
    },
  )
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  gateway = started
  await eventually('the gateway is healthy', 15_000, async () => {
    const answer = await admin('/health')
    return answer.startsWith('ok') || `${answer}${log}`
  })
})

after(async () => {
  gateway.kill('SIGKILL')
  await deployment.stop()
  rmSync(directory, { recursive: true })
})

const admin = async (path: string): Promise<string> =>
  (await fetch(`http://${host}:${String(adminPort)}${path}`)).text()

const marked = async (node: number): Promise<string> => {
  const info = await deployment.info(node, 'keyspace')
  return /^db15:keys=\d+/m.exec(info)?.[0] ?? 'none'
}

test('kill -9 of the primary: clients wait, and count on without an error or a number lost', async () => {
  const clients = [1, 2, 3, 4].map(
    (one) => new CountingClient(host, port, `counted:${String(one)}`, password),
  )
  const allPast = (counts: readonly number[]): Promise<true> =>
    eventually('every client counts on', 20_000, () => {
      const faults = clients.map(({ fault }) => fault).filter((fault) => fault !== '')
      assert.deepEqual(faults, [])
      const seen = clients.map(({ count }) => count)
      return seen.every((count, index) => count > (counts[index] ?? 0)) || seen.join()
    })
  await allPast(clients.map(() => 100))
  assert.notEqual(await marked(0), 'none')
  await deployment.kill('redis-0')
  await allPast(clients.map(({ count }) => count + 100))
  await Promise.all(clients.map((client) => client.stop()))
  const [primary = -1] = await Promise.all(
    [1, 2].map(async (node) =>
      (await deployment.info(node, 'replication')).includes('role:master') ? node : -1,
    ),
  ).then((roles) => roles.filter((node) => node >= 0))
  for (const [index, { count }] of clients.entries())
    assert.equal(await deployment.ask(primary, ['GET', `counted:${String(index + 1)}`]), String(count))
  assert.match(await admin('/metrics'), /^holdfast_gateway_failovers_total 1$/m)
  const address = `${deployment.nodes[primary]?.host ?? ''}:6379`
  await eventually('the status has addresses for names', 10_000, async () => {
    const status = JSON.parse(await admin('/status')) as { primary: string; sentinels: string[] }
    const names = [status.primary, ...status.sentinels]
    return (names.length === 4 && names.every((one) => one === address)) || names.join()
  })
})

test('its database of markers is not for clients', async () => {
  const client = await RawClient.open(host, port, password)
  client.send('SELECT 14\r\nSELECT 15\r\n')
  await client.expect('+OK\r\n+OK\r\n-ERR DB index is out of range\r\n')
  client.destroy()
})

test('its log has one line of the failover, and no password, key or value', () => {
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const failovers = lines.filter(
    ({ pausedMs, resumedMs }) => pausedMs !== undefined && resumedMs !== undefined,
  )
  assert.equal(failovers.length, 1, log)
  for (const secret of [password, deployment.sentinelCredentials.password, 'counted'])
    assert.ok(!log.includes(secret), `the log holds ${secret}`)
})

test('SIGHUP: other limits hold for who comes now, and nobody who is there is dropped', async () => {
  const client = await RawClient.open(host, port, password)
  await client.expect('+OK\r\n')
  writeFileSync(limits, 'gateway: {limits: {sessions: 1}}')
  gateway.kill('SIGHUP')
  await eventually('a second client is refused', 5000, async () => {
    const second = await RawClient.open(host, port)
    second.send('PING\r\n')
    await eventually('an answer', 5000, () => second.received !== '' || second.closed || 'none')
    const { received } = second
    second.destroy()
    return received.startsWith('-ERR max number of clients reached') || received
  })
  writeFileSync(limits, 'gateway: {limits: {sessions: none}}')
  gateway.kill('SIGHUP')
  await eventually('a mistake is told', 5000, () => log.includes('limits stay as they are') || log)
  client.send('PING\r\n')
  await client.expect('+PONG\r\n')
  client.destroy()
})

test('SIGTERM: it leaves nothing behind, and exits with 0', async () => {
  gateway.kill('SIGTERM')
  assert.equal(await exitOf(gateway), 0)
  const primary = (await deployment.info(1, 'replication')).includes('role:master') ? 1 : 2
  assert.equal(await marked(primary), 'none')
})
