import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError } from '../errors.ts'
import { chooseContext, type ContextChoice } from './choose-context.ts'

const known = ['minikube', 'kind-a', 'prod', 'staging']

function choose(choice: Partial<ContextChoice>): string {
  try {
    return chooseContext({ known, current: 'minikube', allowed: [], asked: undefined, ...choice })
  } catch (error) {
    assert.ok(error instanceof HoldfastError)
    assert.equal(error.exitCode, 2)
    return `${error.message} / ${error.hint ?? ''}`
  }
}

test('a cluster of this machine needs no word in the spec', () => {
  assert.equal(choose({}), 'minikube')
  assert.equal(choose({ current: 'kind-a' }), 'kind-a')
  assert.equal(choose({ asked: 'kind-a' }), 'kind-a')
})

test('any other has to be named, and the error says what to write', () => {
  assert.match(choose({ current: 'prod' }), /prod is no cluster of this machine.*context: \[prod\]/s)
  assert.match(choose({ asked: 'prod' }), /context: \[prod\]/)
  assert.equal(choose({ current: 'prod', allowed: ['prod'] }), 'prod')
})

test('the only one that is allowed is taken, whatever somebody looked at last', () => {
  assert.equal(choose({ current: 'prod', allowed: ['staging'] }), 'staging')
})

test('of several the current one is taken, or the one that is asked for', () => {
  const allowed = ['prod', 'staging']
  assert.equal(choose({ current: 'prod', allowed }), 'prod')
  assert.equal(choose({ current: 'prod', allowed, asked: 'staging' }), 'staging')
  assert.match(choose({ current: 'minikube', allowed }), /minikube is none of those.*Use --context/)
  assert.match(choose({ allowed: ['prod'], asked: 'minikube' }), /none of those/)
})

test('one that the kubeconfig does not have', () => {
  assert.match(choose({ allowed: ['gone'] }), /no context gone \/ It has minikube/)
  assert.match(choose({ current: '' }), /no current context \/ Use --context: minikube/)
})
