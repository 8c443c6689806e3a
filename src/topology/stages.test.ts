import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counts } from '../insync/majorities.ts'
import { nextStage, type Stage } from './stages.ts'
import { majoritiesOf, type NodeTopology } from './topology.ts'

const nodes = (count: number): NodeTopology[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    name: `redis-${String(index)}`,
    address: `127.0.1.${String(index + 1)}`,
    redisPort: 6379,
    sentinelPort: 26_379,
    agentPort: 26_380,
  }))
const plain = (count: number): Stage => ({ nodes: nodes(count), f: (count - 1) / 2, quorum: (count + 1) / 2 })

function stagesTo(from: Stage, wanted: number): Stage[] {
  const stages: Stage[] = []
  for (
    let at: Stage | null = nextStage(from, nodes(wanted));
    at !== null;
    at = nextStage(at, nodes(wanted))
  ) {
    stages.push(at)
    assert.ok(stages.length < 10, 'it never ends')
  }
  return stages
}

/** `5: 3+5` are five nodes, of which the first three count and all. */
const inWords = (stages: readonly Stage[]) =>
  stages.map(
    (stage) =>
      `${String(stage.nodes.length)}: ${majoritiesOf(stage)
        .map((set) => set.length)
        .join('+')} f${String(stage.f)} q${String(stage.quorum)}`,
  )

test('three nodes become five', () => {
  const stages = stagesTo(plain(3), 5)
  assert.deepEqual(inWords(stages), ['5: 3 f1 q3', '5: 3+5 f1 q3', '5: 5 f2 q3'])
  assert.deepEqual(stages.at(-1), plain(5))
  assert.ok(!counts(3, majoritiesOf(stages[0] ?? plain(3))))
})

test('five nodes become three', () => {
  const stages = stagesTo(plain(5), 3)
  assert.deepEqual(inWords(stages), ['5: 3+5 f1 q3', '5: 3 f1 q3', '3: 3 f1 q2'])
  assert.deepEqual(stages.at(-1), plain(3))
})

test('nothing is to be done where the number is right', () => {
  assert.deepEqual(stagesTo(plain(5), 5), [])
})

test('half way it goes on, or back, or on to another number', () => {
  for (const half of stagesTo(plain(3), 5).slice(0, -1)) {
    assert.deepEqual(stagesTo(half, 3).at(-1), plain(3))
    assert.deepEqual(stagesTo(half, 5).at(-1), plain(5))
    assert.deepEqual(stagesTo(half, 7).at(-1), plain(7))
  }
})

test('each stage shares a set with the next: what the one answered the other finds', () => {
  for (const [from, wanted] of [
    [3, 7],
    [7, 3],
    [5, 7],
  ] as const) {
    let before = plain(from)
    for (const stage of stagesTo(before, wanted)) {
      const names = (each: Stage) => majoritiesOf(each).map((set) => set.join())
      assert.ok(names(before).some((name) => names(stage).includes(name)))
      before = stage
    }
  }
})
