import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VerifyResult } from '../../../src/verify/result.ts'
import { startDeployment } from '../../harness/deployment.ts'
import { assertProved, drill } from '../../harness/drill.ts'
import { eventually } from '../../harness/eventually.ts'

// What the drill has to prove, counted: each on a deployment of its own, as a user calls it, with every workload and two
// gateways. HOLDFAST_SEED runs the mix of that seed alone.

const given = process.env.HOLDFAST_SEED
const seeds = given === undefined ? [1, 2, 3, 4, 5] : [Number(given)]
const mixForMs = 240_000
const ofEach = 20

test(
  `${seeds.length * ofEach} faults of mixed kinds`,
  { timeout: seeds.length * mixForMs * 2 },
  async (t) => {
    const deployment = await startDeployment(t)
    await deployment.healthy()
    const kinds = new Set<string>()
    for (const seed of seeds)
      await t.test(`seed ${seed}`, { timeout: mixForMs * 2 }, async (u) => {
        const time = ['--for', `${mixForMs / 1000}s`]
        const done = await drill(deployment, ...time, '--faults', 'all', '--seed', String(seed))
        assertProved(u, done)
        assert.ok(done.result.faults.length >= ofEach, `only ${done.result.faults.length} faults`)
        for (const { name } of done.result.faults) kinds.add(name)
      })
    t.diagnostic(`${kinds.size} kinds`)
  },
)

test('five nodes: two failures at once', { timeout: 300_000 }, async (t) => {
  const deployment = await startDeployment(t, 'redis: { nodes: 5 }\n')
  await deployment.healthy(60_000)
  await t.test('two nodes die or are cut off together', async (u) => {
    const faults = 'two-nodes,partition-primary-with-minority'
    assertProved(u, await drill(deployment, '--for', '60s', '--faults', faults, '--seed', '1'))
  })
  await t.test('a second failure while the first lasts', async (u) => {
    const faults = 'kill-node,pause-primary,pause-node,partition-primary,partition-replica,hang-primary'
    const done = await drill(deployment, '--for', '60s', '--faults', faults, '--overlap', '--seed', '1')
    assertProved(u, done)
    const pairs = overlapping(done.result)
    u.diagnostic(`together: ${pairs.join(', ')}`)
    assert.ok(pairs.length > 0, 'no two failures were there at once')
  })
})

test(
  'three nodes: two failures at once are told in plain words, and lose nothing',
  { timeout: 200_000 },
  async (t) => {
    const deployment = await startDeployment(t)
    await deployment.healthy()
    const drilled = drill(deployment, '--for', '40s', '--faults', 'two-of-three-nodes@5s', '--seed', '1')
    drilled.catch(() => undefined)
    const { words, doctor } = await eventually('status that tells of it', 40_000, async () => {
      const { code, stdout } = await deployment.holdfast('status')
      if (code === 0 || !/2 of 3|fewer|nothing (can|is)/i.test(stdout)) return stdout
      return { words: stdout, doctor: await deployment.holdfast('doctor') }
    })
    t.diagnostic(words)
    t.diagnostic(doctor.stdout)
    assert.equal(doctor.code, 1)
    const done = await drilled
    assertProved(t, done)
    await deployment.healthy()
  },
)

test('everything loses power twenty times, and starts in a random order', { timeout: 480_000 }, async (t) => {
  const deployment = await startDeployment(t)
  await deployment.healthy()
  const done = await drill(deployment, '--for', '240s', '--faults', 'power-cut', '--seed', '1')
  assertProved(t, done)
  assert.ok(done.result.faults.length >= 20, `only ${done.result.faults.length} times`)
})

test(
  'states that Sentinel never leaves by itself are healed within a minute',
  { timeout: 240_000 },
  async (t) => {
    const deployment = await startDeployment(t)
    await deployment.healthy()
    const wrong = ['wrong-replica', 'wrong-address', 'wrong-priorities', 'wrong-epochs']
    const done = await drill(deployment, '--for', '100s', '--faults', wrong.join(','), '--seed', '1')
    assertProved(t, done)
    const seen = new Set(done.result.faults.map(({ name }) => name))
    assert.deepEqual(seen, new Set(wrong))
    for (const { name, startMs, healthyMs } of done.result.faults)
      assert.ok((healthyMs ?? Infinity) - startMs < 60_000, `${name} took too long`)
  },
)

/** Faults that lasted, or were not recovered from, beside another one. */
function overlapping({ faults }: VerifyResult): readonly string[] {
  return faults.flatMap((one, index) =>
    faults
      .slice(index + 1)
      .filter(({ startMs, endMs }) => startMs < one.endMs && endMs > one.startMs)
      .map(({ name }) => `${one.name} and ${name}`),
  )
}
