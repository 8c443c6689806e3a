import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpec } from '../../spec/parse.ts'
import { buildTopology } from '../../topology/build.ts'
import {
  componentFingerprint,
  limitsFingerprint,
  limitsPart,
  serverFingerprint,
} from './component-fingerprints.ts'
import { planUp, type Present } from './plan.ts'

const secrets = { password: 'p', internal: 'i' }
const topologyOf = (spec: string) =>
  buildTopology(parseSpec(`name: planned\n${spec}`, 'holdfast.yaml'), '/srv')

/** A deployment that runs as this spec says. */
function running(spec: string, change: Partial<Present> = {}): Present {
  const topology = topologyOf(spec)
  const fingerprint = (part: string) => {
    if (part === limitsPart) return limitsFingerprint(topology)
    return part.startsWith('redis-')
      ? serverFingerprint(topology)
      : componentFingerprint(part, topology, secrets)
  }
  const instances = topology.app.instances.length
  return { topology, secrets, isRunning: true, instances, fingerprint, isOtherVersion: false, ...change }
}

const cases: readonly (readonly [what: string, from: Present, to: string, lines: readonly string[]])[] = [
  ['nothing to do', running(''), '', []],
  [
    'other limits',
    running(''),
    'gateway: {limits: {sessions: 50}}',
    ['~ gateway: takes up other limits, with all its sessions'],
  ],
  [
    'another setting of Redis',
    running(''),
    'redis: {appendfsync: always}',
    [
      '~ agent-0, agent-1, agent-2: started anew, one after the other; what they run goes on',
      '~ gateway: started anew; its clients wait, and connect again',
      '~ redis-0, redis-1, redis-2: started anew, one after the other when all are in sync; a primary hands over first',
    ],
  ],
  [
    'another application and fewer of it',
    running('app: {instances: 3}'),
    'app: {instances: 2, env: {A: b}}',
    ['~ app-0, app-1: replaced, one after the other', '~ 2 instances instead of 3'],
  ],
  [
    'more nodes',
    running(''),
    'redis: {nodes: 5}',
    [
      '~ 2 nodes are added, and filled',
      '~ a majority of 3 nodes and one of 5 is needed',
      '~ a majority of 5 nodes is needed',
    ],
  ],
  [
    'what does not run',
    running('', { isRunning: false }),
    '',
    ['+ everything is started, with the data that is there'],
  ],
]

for (const [what, from, to, lines] of cases) {
  test(`${what}: says just that`, () => {
    assert.deepEqual(planUp(from, topologyOf(to), null), lines)
  })
}

test('where nothing is yet it says what there will be, and shows no secret', () => {
  const lines = planUp({ ...running(''), topology: null, secrets: null }, topologyOf(''), 'hidden').join('\n')
  assert.match(
    lines,
    /^\+ secrets .*\n\+ 3 Redis nodes.*\n\+ gateway on .*\n\+ 3 instances of the counter\n\+ front-door on /,
  )
  assert.doesNotMatch(lines, /hidden/)
})

test('another password is what up refuses', () => {
  assert.match(planUp(running(''), topologyOf(''), 'another').join(), /rotate-password/)
})
