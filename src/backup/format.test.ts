import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HoldfastError } from '../errors.ts'
import { readBackup, writeBackup } from './format.ts'
import { withoutSecrets, type BackupManifest } from './manifest.ts'

const manifest: BackupManifest = {
  created: '2026-01-02T03:04:05.678Z',
  deployment: 'counter',
  holdfast: '0.1.0',
  server: { name: 'redis', version: '7.0.15' },
  node: 'redis-1',
  epoch: { number: 3, node: 0 },
  commits: 17,
  databases: 16,
  spec: { name: 'counter' },
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
}

async function written(chunks: readonly Uint8Array[]): Promise<Buffer> {
  const bytes: Buffer[] = []
  for await (const piece of writeBackup(manifest, each(chunks))) bytes.push(piece)
  return Buffer.concat(bytes)
}

async function read(chunks: readonly Uint8Array[]) {
  const data: Buffer[] = []
  const found = await readBackup(each(chunks), 'x.backup', (piece) => {
    data.push(piece)
  })
  return { manifest: found, data: Buffer.concat(data) }
}

async function refusal(bytes: Uint8Array): Promise<string> {
  try {
    await read([bytes])
  } catch (error) {
    assert.ok(error instanceof HoldfastError, String(error))
    assert.equal(error.code, 'BACKUP_INVALID')
    assert.equal(error.exitCode, 2)
    return error.message
  }
  return assert.fail('it was taken for a whole backup')
}

const someChunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 })

test('what was written is read, however the bytes are split', async () => {
  await fc.assert(
    fc.asyncProperty(someChunks, fc.integer({ min: 1, max: 50 }), async (chunks, size) => {
      const bytes = await written(chunks)
      const split = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      assert.deepEqual(await read(split), { manifest, data: Buffer.concat(chunks) })
    }),
  )
})

test('pieces larger than the format allows are split', async () => {
  const large = Buffer.alloc(3 * 2 ** 20 + 5, 7)
  assert.deepEqual((await read([await written([large])])).data, large)
})

test('cut off anywhere: refused', async () => {
  const bytes = await written([Buffer.from('some data'), Buffer.from('and more')])
  for (let length = 0; length < bytes.length; length += 1) await refusal(bytes.subarray(0, length))
})

test('any bit of any byte changed: refused', async () => {
  const bytes = await written([Buffer.from('some data'), Buffer.from('and more')])
  for (let at = 0; at < bytes.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
      await refusal(damaged)
    }
  }
})

test('bytes inserted, removed or appended: refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      someChunks,
      fc.nat(),
      fc.nat(20),
      fc.uint8Array({ maxLength: 20 }),
      async (chunks, position, removed, inserted) => {
        const bytes = await written(chunks)
        const at = position % (bytes.length + 1)
        const other = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
        if (!other.equals(bytes)) await refusal(other)
      },
    ),
  )
})

test('the reason is said in plain words', async () => {
  const bytes = await written([Buffer.from('some data')])
  assert.match(await refusal(Buffer.alloc(0)), /x\.backup cannot be restored: .* empty/)
  assert.match(await refusal(Buffer.from('REDIS0010\u00fa')), /cut off|RDB file of Redis itself/)
  assert.match(await refusal(Buffer.from('REDIS0010 and so on and on')), /RDB file of Redis itself/)
  assert.match(await refusal(Buffer.from('#!/bin/sh\nexit 0\n')), /no backup of Holdfast/)
  assert.match(await refusal(Buffer.from('HOLDFAST-BACKUP 2\nwhatever')), /newer release.*version 2.*reads 1/)
  assert.match(await refusal(bytes.subarray(0, 100)), /cut off/)
  assert.match(await refusal(Buffer.concat([bytes, Buffer.from('x')])), /goes on after its end/)
})

test('of the environment of the application only the names are kept', () => {
  const spec = { name: 'counter', app: { port: 1, env: { API_KEY: 'very secret' } } }
  const kept = withoutSecrets(spec)
  assert.doesNotMatch(JSON.stringify(kept), /very secret/)
  assert.match(JSON.stringify(kept), /API_KEY/)
})
