import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { VerifyList } from '../../src/cli/verify-list.ts'
import { keyPrefix } from '../../src/verify/keys.ts'
import { clusterDeployment, saidBy } from '../harness/cluster-deployment.ts'
import { exitOf } from '../harness/command-line.ts'
import { eventually } from '../harness/eventually.ts'
import { noImages } from '../harness/image.ts'
import { noCluster } from '../harness/test-cluster.ts'

/** Of each kind one: a process, a container, a pod, a machine. */
const names = ['kill-primary', 'kill-gateway', 'kill-instance', 'delete-primary', 'delete-instance', 'drain']

describe('verify on a cluster', { skip: noCluster(process.env) || noImages() }, () => {
  const deployment = clusterDeployment()
  const { cluster, kubectl, healthy, verify, oneMore } = deployment

  const closedMachines = async (): Promise<string> =>
    await cluster().kubectl('get', 'nodes', '-o', 'jsonpath={.items[?(@.spec.unschedulable)].metadata.name}')

  const drillKeys = async (): Promise<string> => {
    const script = `REDISCLI_AUTH=$(cat /etc/holdfast/secrets/password) redis-cli --scan --pattern '${keyPrefix}*'`
    const gateway = `deployment/${deployment.name}-gateway`
    return (await kubectl('exec', gateway, '--', 'sh', '-c', script)).trim()
  }

  it('says what the cluster does not offer, and why', async () => {
    const { faults } = JSON.parse(
      (await deployment.holdfast('verify', '--list', '--json')).stdout,
    ) as VerifyList
    const why = (name: string) => faults.find((fault) => fault.name === name)?.why
    for (const name of names) assert.equal(why(name), null, name)
    assert.match(why('partition-primary') ?? '', /cables are cut where the machines are/)
    assert.match(why('kill-front-door') ?? '', /a Service of the cluster/)
  })

  it(`proves that nothing is lost: ${names.join(', ')}`, async () => {
    const result = await verify('--for', '150s', '--seed', '1', '--faults', names.join(','))
    const { lost, twice, back, other } = result.totals
    assert.deepEqual({ lost, twice, back, other }, { lost: 0, twice: 0, back: 0, other: 0 }, saidBy(result))
    assert.deepEqual([result.verdict, result.exitCode], ['proved', 0], saidBy(result))
    const done = new Set(result.faults.map(({ name }) => name))
    assert.deepEqual(
      names.filter((name) => !done.has(name)),
      [],
      'they did not fit into the time',
    )
    assert.deepEqual([await closedMachines(), await drillKeys()], ['', ''])
    await healthy()
    await oneMore()
  })

  it('Ctrl-C in the middle of a drain opens the machine, and takes the drill’s keys away', async () => {
    const drill = cluster().start(['verify', '--for', '60s', '--faults', 'drain@3s'])
    const ended = exitOf(drill)
    await eventually('a closed machine', 60_000, async () => (await closedMachines()) !== '' || 'none is')
    drill.kill('SIGINT')
    assert.equal(await ended, 130)
    assert.deepEqual([await closedMachines(), await drillKeys()], ['', ''])
    await healthy(120_000)
    await oneMore()
  })
})
