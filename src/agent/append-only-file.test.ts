import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { findHole, sizeOnDisk } from './append-only-file.ts'

const command = (args: readonly Buffer[]) =>
  Buffer.concat([
    Buffer.from(`*${String(args.length)}\r\n`),
    ...args.flatMap((arg) => [Buffer.from(`$${String(arg.length)}\r\n`), arg, Buffer.from('\r\n')]),
  ])

const zeros = fc.integer({ min: 1, max: 3000 }).map((bytes) => Buffer.alloc(bytes))
/** Values with anything in them, also zero bytes, line ends, and more than is read at once. */
const value = fc.oneof(
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('\0\0', '\r\n*1\r\n', '', '#TS:1').map((text) => Buffer.from(text)),
  fc.integer({ min: 60_000, max: 140_000 }).map((bytes) => Buffer.alloc(bytes, 'x')),
  zeros,
)
const commands = fc
  .array(fc.array(value, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((all) => Buffer.concat(all.map(command)))

async function holeIn(content: Buffer): Promise<number | null> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-hole-'))
  try {
    const manifest = [
      'file a.aof.2.base.rdb seq 2 type b',
      'file a.aof.1.incr.aof seq 1 type h',
      'file a.aof.2.incr.aof seq 2 type i',
    ]
    writeFileSync(join(directory, 'a.aof.manifest'), `${manifest.join('\n')}\n`)
    writeFileSync(join(directory, 'a.aof.2.base.rdb'), 'REDIS0011\0\0')
    writeFileSync(join(directory, 'a.aof.2.incr.aof'), content)
    assert.equal(sizeOnDisk(directory), 11 + content.length)
    return (await findHole(directory))?.offset ?? null
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('a hole between commands is found, wherever it is', async () => {
  const property = fc.asyncProperty(commands, zeros, commands, async (before, hole, after) => {
    assert.equal(await holeIn(Buffer.concat([before, hole, after])), before.length)
  })
  await fc.assert(property, { numRuns: 60 })
})

test('whole files have none, whatever their values are', async () => {
  const property = fc.asyncProperty(commands, async (all) => {
    assert.equal(await holeIn(all), null)
  })
  await fc.assert(property, { numRuns: 60 })
})

test('other damage, and an end that was torn, are no holes', async () => {
  const whole = command([Buffer.from('SET'), Buffer.from('key'), Buffer.from('value')])
  assert.equal(await holeIn(Buffer.concat([whole, Buffer.from('garbage\r\n'), whole])), null)
  assert.equal(await holeIn(Buffer.concat([whole, whole.subarray(0, 11)])), null)
  assert.equal(await holeIn(Buffer.concat([whole, Buffer.from('#TS:1700000000\r\n'), Buffer.alloc(9)])), 49)
})

test('a directory without a manifest says nothing', () => {
  assert.equal(sizeOnDisk('/nowhere/at/all'), null)
})
