import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyPrefix } from '../../../src/verify/keys.ts'
import { clusterDeployment, saidBy } from '../../harness/cluster-deployment.ts'
import { exitOf } from '../../harness/command-line.ts'
import { eventually } from '../../harness/eventually.ts'
import { noImages } from '../../harness/image.ts'
import { noCluster } from '../../harness/test-cluster.ts'

describe('verify on a cluster is killed', { skip: noCluster(process.env) || noImages() }, () => {
  const deployment = clusterDeployment()
  const { cluster, kubectl, healthy, verify } = deployment

  const closedMachines = async (): Promise<string> =>
    await cluster().kubectl('get', 'nodes', '-o', 'jsonpath={.items[?(@.spec.unschedulable)].metadata.name}')

  const drillKeys = async (): Promise<string> => {
    const script = `REDISCLI_AUTH=$(cat /etc/holdfast/secrets/password) redis-cli --scan --pattern '${keyPrefix}*'`
    const gateway = `deployment/${deployment.name}-gateway`
    return (await kubectl('exec', gateway, '--', 'sh', '-c', script)).trim()
  }

  it('killed itself, what it stopped goes on, and the next one opens the machine', async () => {
    const stops = cluster().start(['verify', '--for', '60s', '--faults', 'pause-primary@3s'])
    let said = ''
    stops.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const gone = exitOf(stops)
    await eventually('a stopped primary', 60_000, () => said.includes('stopped for') || said)
    stops.kill('SIGKILL')
    await gone
    await healthy()

    // The lock of one that was killed is let go when it is not renewed.
    const drains = cluster().start(['verify', '--for', '60s', '--faults', 'drain@3s'])
    const over = exitOf(drains)
    await eventually('a closed machine', 90_000, async () => (await closedMachines()) !== '' || 'none is')
    drains.kill('SIGKILL')
    await over
    assert.notEqual(await closedMachines(), '')
    await cluster().holdfast(['verify', '--list'])
    assert.equal(await closedMachines(), '')
    await healthy(120_000)
    const result = await verify('--for', '8s', '--faults', 'none')
    assert.equal(result.exitCode, 0, saidBy(result))
    assert.equal(await drillKeys(), '')
  })
})
