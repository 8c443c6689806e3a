import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSpec } from '../spec/parse.ts'
import { buildTopology } from './build.ts'

const specs = fc
  .record({
    nodes: fc.constantFrom(3, 5, 7),
    instances: fc.integer({ min: 1, max: 64 }),
    front: fc.integer({ min: 8080, max: 20_000 }),
    third: fc.integer({ min: 1, max: 254 }),
  })
  .map(({ nodes, instances, front, third }) =>
    parseSpec(
      [
        `app: { instances: ${String(instances)} }`,
        `redis: { nodes: ${String(nodes)} }`,
        `frontDoor: { listen: "0.0.0.0:${String(front)}" }`,
        `local: { network: 127.44.${String(third)}.0/24 }`,
      ].join('\n'),
      'holdfast.yaml',
    ),
  )

test('acknowledgement and quorum always meet in a node, and two quorums too', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const { nodes, f, quorum } = buildTopology(spec, '/srv/app')
      assert.equal(nodes.length, 2 * f + 1)
      for (let ack = f; ack < nodes.length; ack += 1) assert.ok(ack + 1 + quorum > nodes.length)
      assert.ok(2 * quorum > nodes.length && quorum <= nodes.length)
    }),
  )
})

test('no two processes have the same name or the same place to listen', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const { nodes, gateway, app, frontDoor } = buildTopology(spec, '/srv/app')
      const names = [...nodes, gateway, ...app.instances, frontDoor].map(({ name }) => name)
      assert.equal(new Set(names).size, names.length)
      const places = [
        ...nodes.flatMap(({ address, redisPort, sentinelPort, agentPort }) =>
          [redisPort, sentinelPort, agentPort].map((port) => `${address}:${String(port)}`),
        ),
        `${gateway.host}:${String(gateway.port)}`,
        `${gateway.adminHost}:${String(gateway.adminPort)}`,
        ...app.instances.map(({ host, port }) => `${host}:${String(port)}`),
      ]
      assert.equal(new Set(places).size, places.length)
      // On every address.
      assert.ok(places.every((place) => !place.endsWith(`:${String(frontDoor.port)}`)))
    }),
  )
})

test('the record’s database is above those that clients can select', () => {
  const { redis } = buildTopology(parseSpec('redis: { db: 3 }', 'holdfast.yaml'), '/srv/app')
  assert.ok(redis.markersDb >= redis.databases && redis.db < redis.databases)
})

test('the same spec gives the same topology', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      assert.deepEqual(buildTopology(spec, '/a'), buildTopology(structuredClone(spec), '/a'))
    }),
  )
})
