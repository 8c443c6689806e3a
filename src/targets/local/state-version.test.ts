import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localPaths } from './paths.ts'
import { checkStateVersion, migrateState, stateVersion } from './state-version.ts'
import { localTarget } from './target.ts'

function stateDirectory(t: TestContext, version?: string): string {
  const stateDir = mkdtempSync(join(tmpdir(), 'holdfast-version-'))
  t.after(() => {
    rmSync(stateDir, { recursive: true })
  })
  if (version !== undefined) writeFileSync(join(stateDir, 'version'), version)
  return stateDir
}

test('a state that a newer release wrote is refused, whatever is asked, and stays as it is', (t) => {
  for (const [version, reason] of [
    [`${String(stateVersion + 1)}\n`, /newer release of Holdfast \(version \d+; this one knows up to \d+\)/],
    ['', /holds no number/],
    ['one', /holds no number/],
  ] as const) {
    const stateDir = stateDirectory(t, version)
    assert.throws(() => localTarget({ stateDir, name: 'x' }), reason)
    assert.deepEqual(readdirSync(stateDir), ['version'])
    assert.equal(readFileSync(join(stateDir, 'version'), 'utf8'), version)
  }
})

test('one of an older release is brought to this one’s version, and one of this release is left alone', (t) => {
  const stateDir = stateDirectory(t)
  const paths = localPaths(stateDir)
  checkStateVersion(paths)
  migrateState(paths)
  assert.equal(readFileSync(join(stateDir, 'version'), 'utf8'), `${String(stateVersion)}\n`)
  checkStateVersion(paths)
  migrateState(paths)
  localTarget({ stateDir, name: 'x' })
})
