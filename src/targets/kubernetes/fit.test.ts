import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifests } from '../../render/kubernetes/manifests.ts'
import { manifestInput } from '../../../test/harness/manifests.ts'
import { fitted, readMinor } from './fit.ts'

const objects = manifests(manifestInput('name: shop\n'))

function specs(minor: number, kind: string): readonly unknown[] {
  return fitted(objects, { minor })
    .filter((object) => object.kind === kind)
    .map((object) => (object as { readonly spec?: unknown }).spec)
}

test('the cluster replaces no Redis node by itself', () => {
  const [nodes] = specs(36, 'StatefulSet') as [{ updateStrategy: unknown }]
  assert.deepEqual(nodes.updateStrategy, { type: 'OnDelete' })
})

test('an old API server is told nothing that it does not know', () => {
  const policies = (minor: number) =>
    JSON.stringify(specs(minor, 'PodDisruptionBudget')).match(/unhealthyPodEvictionPolicy/g)
  assert.equal(policies(20), null)
  assert.equal(policies(36)?.length, 2)
})

test('reads what API servers call themselves', () => {
  assert.deepEqual(['20', '27+', '', undefined].map(readMinor), [20, 27, 0, 0])
})
