import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import fc from 'fast-check'
import { parse } from 'yaml'

import { describeFields } from './describe.ts'
import { parseSpec } from './parse.ts'
import { formatReference } from './reference.ts'
import { resolveSpec } from './resolve.ts'
import type { Spec } from './schema.ts'
import { specText, writeSpec } from './write.ts'

const root = new URL('../../', import.meta.url)
const examples = readdirSync(new URL('examples/', root)).filter((name) => name.endsWith('.yaml'))

const listen = fc.integer({ min: 7000, max: 7100 }).map((port) => ({ host: '0.0.0.0', port }))
const specs: fc.Arbitrary<Spec> = fc
  .record({
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/),
    command: fc.oneof(
      fc.constant(null),
      fc.constant(['/bin/sh', '-c', 'exec ./run "$PORT" # not: a comment']),
      fc.array(fc.stringMatching(/^[ -~]+$/), { minLength: 1, maxLength: 4 }),
    ),
    env: fc.dictionary(fc.stringMatching(/^X[A-Z0-9_]{0,8}$/), fc.stringMatching(/^[\n -~äλ]*$/), {
      noNullPrototype: true,
    }),
    nodes: fc.constantFrom(3, 5, 7, 9),
    maxmemoryBytes: fc.oneof(fc.constant(0), fc.integer({ min: 2 ** 24, max: 2 ** 40 })),
    holdMs: fc.integer({ min: 100, max: 600_000 }),
    delivery: fc.constantFrom('exactly-once', 'at-least-once', 'at-most-once'),
    ack: fc.constantFrom('in-sync' as const, 0, 1, 2),
    reads: fc.constantFrom('confirmed', 'fast'),
    limits: fc
      .record({
        sessions: fc.integer({ min: 1, max: 100_000 }),
        parkedBytes: fc.integer({ min: 2 ** 20, max: 2 ** 36 }),
        allParkedBytes: fc.integer({ min: 2 ** 20, max: 2 ** 36 }),
        answerBytes: fc.integer({ min: 2 ** 20, max: 2 ** 36 }),
        frameBytes: fc.integer({ min: 2 ** 20, max: 2 ** 30 }),
      })
      .map((limits) => ({ ...limits })),
    frontDoor: listen,
    kubernetes: fc
      .record({
        namespace: fc.constantFrom('shop', 'web'),
        createNamespace: fc.boolean(),
        appImage: fc.constantFrom(null, 'shop:1'),
        nodePort: fc.option(fc.integer({ min: 1, max: 65_535 })),
        serviceAnnotations: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.stringMatching(/^[ -~]*$/), {
          noNullPrototype: true,
        }),
        tolerations: fc.array(fc.constantFrom({ operator: 'Exists' as const }, { key: 'a', value: 'yes' })),
      })
      .map((settings) => ({ ...resolveSpec({}).kubernetes, ...settings })),
    password: fc.constantFrom(
      { kind: 'generate' } as const,
      { kind: 'env', name: 'A_1' } as const,
      { kind: 'file', path: '../a b' } as const,
    ),
  })
  .map(({ name, command, env, nodes, maxmemoryBytes, frontDoor, kubernetes, password, ...gateway }) => {
    const spec = resolveSpec({})
    return {
      ...spec,
      name,
      app: { ...spec.app, command, env },
      redis: { ...spec.redis, nodes, maxmemoryBytes, password },
      gateway: { ...spec.gateway, ...gateway },
      frontDoor: { listen: frontDoor },
      kubernetes,
    }
  })

describe('writeSpec', () => {
  it('writes what is read as the same spec', () => {
    fc.assert(
      fc.property(specs, (spec) => {
        assert.deepEqual(parseSpec(specText(spec), 'a'), spec)
      }),
    )
  })

  it('writes an existing Redis, and nothing of nodes that there are not', () => {
    const existingRedis = { sentinels: ['a:1', 'b'], sentinelPasswordKey: 'c' }
    const kubernetes = { existingRedis, existingSecret: 'd' }
    const spec = resolveSpec({ target: 'kubernetes', redis: { db: 3 }, kubernetes })
    assert.deepEqual(parseSpec(specText(spec), 'a'), spec)
    assert.deepEqual(writeSpec(spec).redis, { db: 3 })
  })

  it('writes every field there is', () => {
    const kubernetes = {
      appImage: 'shop:1',
      existingSecret: 'a',
      nodePort: 30_000,
      storageClass: 'b',
      priorityClass: 'c',
    }
    const written: Record<string, unknown> = {
      ...writeSpec(resolveSpec({ app: { command: 'x' }, kubernetes })),
      kubernetes: writeSpec(
        resolveSpec({
          kubernetes: { ...kubernetes, existingRedis: { sentinels: ['a'], sentinelPasswordKey: 'b' } },
        }),
      ).kubernetes,
    }
    for (const { path } of describeFields()) {
      const value = path
        .split('.')
        .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], written)
      assert.notEqual(value, undefined, path)
    }
  })
})

describe('the specs in the repository', () => {
  for (const name of ['holdfast.yaml', ...examples.map((file) => `examples/${file}`)]) {
    it(`${name} is valid`, () => {
      parseSpec(readFileSync(new URL(name, root), 'utf8'), name)
    })
  }

  it('examples/counter.yaml and holdfast.yaml say what the defaults are', () => {
    for (const name of ['examples/counter.yaml', 'holdfast.yaml']) {
      assert.deepEqual(parseSpec(readFileSync(new URL(name, root), 'utf8'), name), resolveSpec({}), name)
    }
  })

  it('do not get in the way of each other', () => {
    const all = examples
      .filter((name) => name !== 'counter.yaml')
      .map((name) => parseSpec(readFileSync(new URL(`examples/${name}`, root), 'utf8'), name))
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
    // Those in a cluster have a network of their own.
    const specsOfAll = [resolveSpec({}), ...all.filter(({ target }) => target === 'local')]
    const picks: readonly ((spec: Spec) => string | number)[] = [
      (spec: Spec) => spec.name,
      (spec: Spec) => spec.gateway.listen.port,
      (spec: Spec) => spec.frontDoor.listen.port,
      (spec: Spec) => spec.local.network.first,
    ]
    for (const pick of picks) {
      assert.equal(new Set(specsOfAll.map(pick)).size, specsOfAll.length)
    }
  })
})

describe('the reference', () => {
  it('is what docs/spec.md says (to renew it: node scripts/spec-docs.ts)', () => {
    assert.equal(readFileSync(new URL('docs/spec.md', root), 'utf8'), formatReference())
  })

  it('has examples that are valid', () => {
    for (const [, yaml = ''] of formatReference().matchAll(/```yaml\n([\s\S]*?)```/g)) {
      assert.doesNotThrow(() => parseSpec(yaml, 'example'), yaml)
      assert.notEqual(parse(yaml), null)
    }
  })
})
