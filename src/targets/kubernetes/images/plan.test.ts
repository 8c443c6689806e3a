import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '../../../render/kubernetes/objects.ts'
import { imagesToBring, isLacking } from './plan.ts'

const own = 'devops/counter:1'
const settings = { appImage: null, imagePullPolicy: 'IfNotPresent' } as const

function machine(...images: readonly (readonly string[])[]): Machine {
  return { status: { images: images.map((names) => ({ names })) } }
}

test('what has a registry is pulled, and all of it where the spec says Always', () => {
  assert.deepEqual(imagesToBring(own, settings), [own])
  assert.deepEqual(imagesToBring(own, { ...settings, appImage: 'shop:1' }), [own, 'shop:1'])
  assert.deepEqual(imagesToBring(own, { ...settings, appImage: own }), [own])
  assert.deepEqual(imagesToBring('registry.example.com/a:1', { ...settings, appImage: 'shop:1' }), ['shop:1'])
  assert.deepEqual(imagesToBring(own, { ...settings, imagePullPolicy: 'Always' }), [])
})

test('a machine has what its kubelet names, in whichever way', () => {
  const full = machine(['docker.io/devops/counter@sha256:1', 'docker.io/devops/counter:1'])
  const short = machine(['nginx:1'], ['devops/counter:1'])
  assert.equal(isLacking(own, [full, short]), 'no')
  assert.equal(isLacking(own, [full, machine(['docker.io/devops/counter:2'])]), 'yes')
  assert.equal(isLacking(own, [full, machine()]), 'yes')
})

test('of a kubelet that does not name all, and of machines that nobody may look at, nothing is known', () => {
  const many = machine(...Array.from({ length: 50 }, (_, index) => [`a:${String(index)}`]))
  assert.equal(isLacking(own, [many]), 'unknown')
  assert.equal(isLacking(own, []), 'unknown')
})
