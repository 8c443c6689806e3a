import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterDeployment, saidBy } from '../../harness/cluster-deployment.ts'
import { noImages } from '../../harness/image.ts'
import { noCluster } from '../../harness/test-cluster.ts'

const rounds = [
  ['kill-node', 'kill-sentinel', 'kill-sidecar', 'delete-gateway'],
  ['delete-all-pods', 'delete-replica', 'delete-volume'],
  ['rolling-restart', 'scale', 'switchover', 'refresh'],
  ['pause-primary', 'hang-primary', 'lagging-replica', 'kill-primary', 'abort-switchover'],
]

describe('faults of a cluster that take their time', { skip: noCluster(process.env) || noImages() }, () => {
  const deployment = clusterDeployment()

  for (const names of rounds) {
    it(names.join(', '), async (t) => {
      const result = await deployment.verify('--for', '180s', '--seed', '1', '--faults', names.join(','))
      for (const { name, did, longestGapMs } of result.faults)
        t.diagnostic(`${name}: ${did.join(', ')}; silent for ${(longestGapMs / 1000).toFixed(1)} s`)
      assert.deepEqual([result.verdict, result.exitCode], ['proved', 0], saidBy(result))
      const done = new Set(result.faults.map(({ name }) => name))
      assert.ok(
        names.every((name) => done.has(name)),
        `not all fitted into the time: ${[...done].join(', ')}`,
      )
      await deployment.healthy()
      await deployment.oneMore()
    })
  }
})
