import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { clusterDeployment } from '../../harness/cluster-deployment.ts'
import { noImages } from '../../harness/image.ts'
import { noCluster, testCluster, type TestCluster } from '../../harness/test-cluster.ts'

describe('a cluster of one machine', { skip: noCluster(process.env) || noImages() }, () => {
  let machines: TestCluster | undefined
  before(async () => {
    machines = await testCluster(process.env, 1)
    const all = (await machines.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).split(
      ' ',
    )
    for (const machine of all.filter((name) => name !== 'n1')) {
      await machines.machine('kill', machine)
      await machines.kubectl('delete', 'node', machine)
    }
  })
  const deployment = clusterDeployment(1)
  after(() => machines?.remove())

  it('takes every pod, and none is pending', async () => {
    const { nodes } = await deployment.healthy()
    assert.deepEqual([...new Set(nodes.map(({ machine }) => machine))], ['n1'])
    const pending = await deployment.kubectl(
      'get',
      'pods',
      '--field-selector=status.phase=Pending',
      '-o',
      'name',
    )
    assert.equal(pending, '')
    await deployment.oneMore()
  })
})
