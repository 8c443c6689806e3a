import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Status } from '../../src/targets/status.ts'
import { exitOf } from '../harness/command-line.ts'
import { eventually } from '../harness/eventually.ts'
import { nextCount, startCallers } from '../harness/front-door-callers.ts'
import { noImages, sharedImage, type BuiltImage } from '../harness/image.ts'
import { noCluster, testCluster, type TestCluster } from '../harness/test-cluster.ts'

const name = `shop-${String(process.pid)}`
const port = 18_081
const tag = (suffix: string): string => `docker.io/devops/counter:test-${String(process.pid)}${suffix}`

describe('a deployment in a cluster', { skip: noCluster(process.env) || noImages() }, () => {
  let image: BuiltImage | undefined
  let found: TestCluster | undefined
  const cluster = (): TestCluster => found ?? assert.fail('there is no cluster')

  const write = (imageName: string, more = ''): void => {
    cluster().spec(`name: ${name}
target: kubernetes
kubernetes:
  context: [k8s-test]
  image: ${imageName}
  serviceType: NodePort
  nodePort: 30081
  storageSize: 1Gi
${more}`)
  }

  async function holdfast(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const { exitCode, ...output } = await cluster().holdfast(args)
    assert.equal(exitCode, 0, `${args.join(' ')}\n${output.stdout}${output.stderr}`)
    return output
  }

  async function refused(status: number, ...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await cluster().holdfast(args)
    assert.equal(exitCode, status, `${args.join(' ')}\n${stdout}${stderr}`)
    return stderr
  }

  /** Whatever it is: right after a switchover a sentinel may not have heard of it yet. */
  const status = async (): Promise<Status> =>
    JSON.parse((await cluster().holdfast(['status', '--json'])).stdout) as Status

  let counted = 0
  async function oneMore(): Promise<void> {
    assert.equal(await nextCount(port, 'one'), ++counted)
  }

  before(async () => {
    image = sharedImage()
    found = await testCluster(process.env)
    await found.load(image, tag(''))
    await found.load(image, tag('-next'))
    write(tag(''))
  })
  after(async () => {
    await found?.holdfast(['down', '--purge', '--yes'])
    await found?.remove()
  })

  it('a context that the spec does not name is not touched', async () => {
    const { exitCode, stderr } = await cluster().holdfast(['status', '--context', 'prod'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /the context prod is none of those that the spec allows: k8s-test/)
  })

  it('from nothing to the counter that answers at a NodePort', async () => {
    assert.match((await holdfast('up', '--dry-run')).stdout, new RegExp(`\\+ StatefulSet ${name}-redis`))
    assert.match((await holdfast('up')).stdout, /is up: http:/)
    await cluster().forward(port, 30_081)
    await oneMore()
    const now = await status()
    assert.equal(now.state, 'healthy', JSON.stringify(now.problems))
    assert.equal(
      new Set(now.nodes.map(({ machine }) => machine)).size,
      3,
      'each node on a machine of its own',
    )
    await holdfast('doctor')
  })

  it('a second up changes nothing', async () => {
    assert.match((await holdfast('up')).stderr, /nothing to do/)
    assert.match((await holdfast('up', '--dry-run')).stdout, /nothing to do/)
  })

  it('shows what somebody has changed, and takes it back', async () => {
    await cluster().kubectl('-n', name, 'scale', 'deployment', name, '--replicas=4')
    assert.match(
      (await holdfast('up', '--dry-run')).stdout,
      new RegExp(`~ Deployment ${name}\\n {4}spec.replicas: 4 → 3`),
    )
    assert.match((await holdfast('up')).stderr, /spec.replicas: 4 → 3/)
  })

  it('says what programs of the namespace connect with, and shows logs', async () => {
    const { stdout } = await holdfast('env')
    assert.match(stdout, new RegExp(`REDIS_HOST='?redis\\.${name}\\.svc`))
    const password = /REDIS_PASSWORD='?([\w-]+)/.exec(stdout)?.[1] ?? assert.fail(stdout)
    const logs = (await holdfast('logs')).stdout
    assert.match(logs, /^redis-0 \| /m)
    const described = await cluster().kubectl(
      '-n',
      name,
      'get',
      'events,pods,configmaps,deployments,statefulsets',
      '-o',
      'yaml',
    )
    assert.ok(!`${logs}${described}`.includes(password), 'only the Secret holds the password')
  })

  it('planned changes cost no request and no count', async (t) => {
    const callers = startCallers(port)
    t.after(callers.stop)
    const before = (await status()).primary
    await holdfast('switchover')
    assert.notEqual((await status()).primary, before)
    await holdfast('scale', '4')
    assert.equal((await status()).instances.length, 4)
    await holdfast('refresh')
    await holdfast('restart', 'app-0')
    await holdfast('up')
    const { errors, wrong, calls } = await callers.stop()
    assert.deepEqual({ errors, wrong }, { errors: [], wrong: [] })
    assert.ok(calls > 0)
  })

  it('a new image replaces one node at a time, the primary after it has handed over; another up keeps away', async (t) => {
    const callers = startCallers(port)
    t.after(callers.stop)
    write(tag('-next'))
    const first = cluster().start(['up'])
    let said = ''
    first.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = exitOf(first)
    await eventually('it begins', 60_000, () => said.includes('replacing') || first.exitCode !== null || said)
    assert.match(await refused(2, 'up'), /another command \(.*\) is changing/)
    assert.equal(await ended, 0, said)
    const { errors, wrong } = await callers.stop()
    assert.deepEqual({ errors, wrong }, { errors: [], wrong: [] }, said)
    assert.deepEqual(said.match(/^replacing redis-\d/gm)?.length, 3, said)
    assert.equal(said.match(/the primary is redis-\d, so that/g)?.length, 1, said)
    // The objects of ended pods stay a while.
    await eventually('all have the new image', 120_000, async () => {
      const containers = 'jsonpath={.items[*].spec.containers[*].image}'
      const images = await cluster().kubectl('-n', name, 'get', 'pods', '-o', containers)
      return images.split(' ').every((one) => one === tag('-next')) || images
    })
  })

  it('an image that is not there stops the change at the first node, in words, and the next up mends it', async () => {
    write('devops/counter:is-not-there')
    const words = await refused(1, 'up')
    assert.match(
      words,
      /redis-\d does not come back, and no other is touched: .* cannot get its image devops\/counter:is-not-there/,
    )
    await oneMore()
    write(tag('-next'))
    await holdfast('up')
    await eventually('healthy', 30_000, async () => {
      const { state, problems } = await status()
      return state === 'healthy' || JSON.stringify(problems)
    })
    await oneMore()
  })

  it('down keeps every count; purge leaves nothing', async () => {
    await holdfast('down')
    assert.equal((await status()).state, 'down')
    await holdfast('up')
    await oneMore()
    await holdfast('down', '--purge', '--yes')
    await eventually('nothing is left', 90_000, async () => {
      const claims = await cluster().kubectl(
        'get',
        'pv',
        '-o',
        'jsonpath={.items[*].spec.claimRef.namespace}',
      )
      const namespaces = await cluster().kubectl('get', 'namespaces', '-o', 'name')
      return !`${claims} ${namespaces}`.includes(name) || `${claims} ${namespaces}`
    })
  })
})
