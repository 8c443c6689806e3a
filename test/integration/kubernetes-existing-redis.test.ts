import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { commandLine, exitOf } from '../harness/command-line.ts'
import { CountingClient } from '../harness/counting-client.ts'
import { eventually } from '../harness/eventually.ts'
import { readObjects, type ReadContainer } from '../harness/manifests.ts'
import { PlainSentinels } from '../harness/plain-sentinels.ts'

/** What a pod has as its own: the mounted directory, and the address on which it listens. */
const mounted = '/etc/holdfast'
const host = `127.66.${String(1 + (process.pid % 250))}.2`

const deployment = new PlainSentinels()
const directory = mkdtempSync(join(tmpdir(), 'holdfast-existing-'))
const { run, start } = commandLine(() => directory)
let gateway: ChildProcess
let log = ''

/** One story: what `render` prints for a gateway before an existing Redis is what the gateway is really started with. */
before(async () => {
  await deployment.start()
  await deployment.settled(0)
  const sentinels = deployment.sentinels.map((one) => `${one.host}:${String(one.port)}`)
  writeFileSync(
    join(directory, 'holdfast.yaml'),
    `target: kubernetes
kubernetes:
  existingSecret: redis
  existingRedis:
    sentinels: ${JSON.stringify(sentinels)}
    name: ${deployment.name}
    sentinelPasswordKey: sentinel-password
`,
  )
  const { stdout, stderr } = await run(['render'])
  const objects = readObjects(stdout)
  const workload = objects.find(({ metadata, kind }) => kind === 'Deployment' && metadata.name === 'counter')
  const [container] = workload?.spec?.template?.spec.containers ?? assert.fail(stderr)
  const config = objects.find(({ kind }) => kind === 'ConfigMap')
  mkdirSync(join(directory, 'secrets'))
  for (const [path, text] of [
    ['limits.yaml', config?.data?.['limits.yaml'] ?? ''],
    ['secrets/redis', deployment.nodeCredentials.password],
    ['secrets/sentinel', deployment.sentinelCredentials.password],
  ] as const)
    writeFileSync(join(directory, path), text)
  const started = startAs(container ?? assert.fail('there is no container'))
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  gateway = started
  await eventually('the gateway is ready', 15_000, async () => {
    const answer = await fetch(`http://${host}:6380/ready`).catch(() => null)
    return answer?.status === 200 || log
  })
})

after(async () => {
  gateway.kill('SIGKILL')
  await deployment.stop()
  rmSync(directory, { recursive: true })
})

function startAs({ args = [], env = [] }: ReadContainer) {
  const here = (text: string) =>
    text.replace(mounted, directory).replace(/^(127\.0\.0\.1|0\.0\.0\.0):/, `${host}:`)
  return start(args.map(here), Object.fromEntries(env.map(({ name, value = '' }) => [name, here(value)])))
}

async function further(client: CountingClient): Promise<void> {
  const wanted = client.count + 50
  await eventually('the client counts on', 20_000, () => {
    assert.equal(client.fault, '', log)
    return client.count >= wanted || client.count
  })
}

test('the primary is killed: a client with the password of the Secret counts on without an error', async () => {
  const client = new CountingClient(host, 6379, 'counted', deployment.nodeCredentials.password)
  await further(client)
  await deployment.kill('redis-0')
  await further(client)
  await client.stop()
})

test('told to end it serves on while its instance has something to ask, and then ends orderly', async () => {
  const client = new CountingClient(host, 6379, 'others', deployment.nodeCredentials.password)
  await further(client)
  const ended = exitOf(gateway)
  gateway.kill('SIGTERM')
  await further(client)
  await client.stop()
  assert.equal(await ended, 0, log)
})
