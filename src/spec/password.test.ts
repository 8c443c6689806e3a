import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { HoldfastError } from '../errors.ts'
import { resolvePassword } from './password.ts'
import type { PasswordSource } from './schema.ts'

describe('resolvePassword', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-password-'))
  })
  after(async () => {
    await rm(directory, { recursive: true })
  })

  it('leaves it to be generated', async () => {
    assert.equal((await resolve({ kind: 'generate' })).password, null)
  })

  it('takes it from a variable', async () => {
    assert.deepEqual(await resolve({ kind: 'env', name: 'P' }, { P: 'a\'b c$d"ü☃' }), {
      password: 'a\'b c$d"ü☃',
      notice: undefined,
    })
  })

  it('takes it from a file beside the spec, without the one newline at its end, and says so', async () => {
    for (const [text, isShortened] of [
      ['correct horse', false],
      ['correct horse\n', true],
      ['correct horse\r\n', true],
    ] as const) {
      await writeFile(join(directory, 'password'), text)
      const { password, notice } = await resolve({ kind: 'file', path: 'password' })
      assert.equal(password, 'correct horse')
      assert.equal(notice?.startsWith('removed the newline at the end of the file ') ?? false, isShortened)
    }
  })

  it('refuses, names the place and never the password', async () => {
    await writeFile(join(directory, 'two-lines'), 'correct horse\n\n')
    await writeFile(join(directory, 'binary'), Buffer.from([0xff, 0xfe, 0x00, 0x61, 0x62, 0x63, 0x64, 0x65]))
    await writeFile(join(directory, 'long'), 'correct '.repeat(1000))
    await writeFile(join(directory, 'empty'), '\n')
    const cases: [PasswordSource, NodeJS.ProcessEnv, RegExp][] = [
      [{ kind: 'env', name: 'P' }, {}, /the variable P \(redis\.password\) is not set/],
      [{ kind: 'env', name: 'P' }, { P: '' }, /the variable P .* is empty/],
      [{ kind: 'env', name: 'P' }, { P: 'correct\thorse' }, /control character/],
      [{ kind: 'env', name: 'P' }, { P: 'correct' }, /holds 7 characters; 8 to 512 are needed/],
      [{ kind: 'file', path: 'none' }, {}, /none \(redis\.password\) does not exist/],
      [{ kind: 'file', path: '.' }, {}, /is a directory/],
      [{ kind: 'file', path: 'two-lines' }, {}, /control character/],
      [{ kind: 'file', path: 'binary' }, {}, /is not UTF-8 text/],
      [{ kind: 'file', path: 'long' }, {}, /too long for a password/],
      [{ kind: 'file', path: 'empty' }, {}, /is empty/],
    ]
    for (const [source, env, expected] of cases) {
      await assert.rejects(resolve(source, env), (error) => {
        assert.ok(error instanceof HoldfastError)
        assert.equal(error.code, 'SECRET_INVALID')
        assert.equal(error.exitCode, 2)
        assert.match(error.message, expected)
        assert.doesNotMatch(`${error.message} ${error.hint ?? ''}`, /correct/)
        return true
      })
    }
  })

  function resolve(source: PasswordSource, env: NodeJS.ProcessEnv = {}) {
    return resolvePassword(source, { env, directory })
  }
})
