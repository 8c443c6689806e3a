import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpec } from '../spec/parse.ts'
import { buildTopology } from '../topology/build.ts'
import { nextStage, withStage } from '../topology/stages.ts'
import { Layout } from './layout.ts'

const topologyOf = (nodes: number) =>
  buildTopology(parseSpec(`name: laid-out\nredis: {nodes: ${String(nodes)}}`, 'holdfast.yaml'), '/srv')

test('a gateway knows the nodes that it was told of last, and how many of them are needed', () => {
  const before = topologyOf(3)
  const layout = new Layout(before)
  const { nodeAt } = layout
  const added = topologyOf(5).nodes[4]
  assert.ok(added)
  assert.deepEqual(layout.majorities, [[0, 1, 2]])
  assert.equal(nodeAt(added.address, added.redisPort), null)

  const stage = nextStage(before, topologyOf(5).nodes)
  assert.ok(stage)
  layout.replace(withStage(before, stage))
  assert.equal(nodeAt(added.address, added.redisPort), 4)
  assert.equal(nodeAt(added.address, added.sentinelPort), null)
  assert.deepEqual(layout.majorities, [[0, 1, 2]])

  layout.replace(topologyOf(5))
  assert.deepEqual(layout.majorities, [[0, 1, 2, 3, 4]])
})
