import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences } from './diff.ts'

const object = (spec: object, metadata: object = {}) => ({
  kind: 'Deployment',
  metadata: { name: 'counter', ...metadata },
  spec,
})

test('says what becomes of which field', () => {
  assert.deepEqual(differences(object({ replicas: 3, same: 1 }), object({ replicas: 5, same: 1 })), [
    'spec.replicas: 3 → 5',
  ])
  assert.deepEqual(differences(object({ a: 1 }), object({ b: { c: 'd' } })), [
    'spec.a: - 1',
    'spec.b: + {"c":"d"}',
  ])
})

test('what the API server writes itself is no difference', () => {
  const before = { ...object({}, { generation: 1, resourceVersion: '7', uid: 'a' }), status: { replicas: 3 } }
  assert.deepEqual(differences(before, object({}, { generation: 2, resourceVersion: '8' })), [])
})

test('tells what has a name apart by its name', () => {
  const env = (...names: string[]) =>
    object({ env: names.map((name) => ({ name, value: name.toLowerCase() })) })
  assert.deepEqual(differences(env('A', 'B'), env('B')), ['spec.env[A]: - {"name":"A","value":"a"}'])
  assert.deepEqual(differences(env('A', 'B'), env('B', 'A')), ['spec.env: in another order'])
})

test('looks into the texts of a ConfigMap', () => {
  const config = (value: object) => ({
    kind: 'ConfigMap',
    metadata: { name: 'a' },
    data: { 'b.json': JSON.stringify(value) },
  })
  assert.deepEqual(differences(config({ gateway: { holdMs: 1 } }), config({ gateway: { holdMs: 2 } })), [
    'data.b.json.gateway.holdMs: 1 → 2',
  ])
})
