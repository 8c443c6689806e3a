import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest, withoutSecrets, type BackupManifest } from './manifest.ts'

const manifest: BackupManifest = {
  created: '2026-11-28T00:00:00.000Z',
  deployment: 'counter',
  holdfast: '0.1.0',
  server: { name: 'redis', version: '7.0.15' },
  node: 'redis-1',
  epoch: { number: 3, node: 1 },
  commits: 7,
  databases: 16,
  spec: {},
}

test('a manifest is read as it was written', () => {
  assert.deepEqual(parseManifest(JSON.stringify(manifest), 'a.backup'), manifest)
})

test('a manifest that lacks a field, or has one of another kind, is refused', () => {
  for (const field of Object.keys(manifest)) {
    for (const value of [undefined, null, -1, []]) {
      if (field === 'spec' && Array.isArray(value)) continue
      const text = JSON.stringify({ ...manifest, [field]: value })
      assert.throws(() => parseManifest(text, 'a.backup'), { code: 'BACKUP_INVALID' }, text)
    }
  }
  for (const text of ['', 'null', '[]', '{']) {
    assert.throws(() => parseManifest(text, 'a.backup'), { code: 'BACKUP_INVALID' })
  }
})

test('what may be secret is not in the spec of a backup, its name is', () => {
  const spec = { name: 'counter', app: { command: 'python3 app.py', env: { TOKEN: 'hidden' } } }
  const left = withoutSecrets(spec)
  assert.doesNotMatch(JSON.stringify(left), /hidden/)
  assert.match(JSON.stringify(left), /TOKEN/)
  assert.equal(left.name, 'counter')
  assert.equal(spec.app.env.TOKEN, 'hidden')
})
