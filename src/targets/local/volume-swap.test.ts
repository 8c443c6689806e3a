import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localPaths } from './paths.ts'
import { beginSwap, finishSwap, readHighestPromise } from './volume-swap.ts'

function directories(t: TestContext) {
  const stateDir = mkdtempSync(join(tmpdir(), 'holdfast-swap-'))
  t.after(() => {
    rmSync(stateDir, { recursive: true })
  })
  const write = (name: string, text: string) => {
    mkdirSync(join(stateDir, name), { recursive: true })
    writeFileSync(join(stateDir, name, 'agent.json'), text)
  }
  write('nodes/0', 'before')
  write('restore/nodes/0', 'restored')
  return { stateDir, paths: localPaths(stateDir), write }
}

const contents = (stateDir: string, name: string) =>
  readFileSync(join(stateDir, name, '0/agent.json'), 'utf8')

test('whoever dies in the middle of it: the next command finishes it, and what was there before is kept', async (t) => {
  for (const done of [0, 1, 2]) {
    await t.test(`after ${String(done)} of 2 steps`, (t) => {
      const { stateDir, paths } = directories(t)
      const aside = beginSwap(paths, join(stateDir, 'restore/nodes'))
      assert.ok(aside)
      if (done > 0) renameSync(join(stateDir, 'nodes'), aside)
      if (done > 1) renameSync(join(stateDir, 'restore/nodes'), join(stateDir, 'nodes'))
      assert.equal(finishSwap(paths), true)
      assert.equal(contents(stateDir, 'nodes'), 'restored')
      assert.equal(readFileSync(join(aside, '0/agent.json'), 'utf8'), 'before')
      assert.deepEqual(readdirSync(stateDir).length, 2)
      assert.equal(finishSwap(paths), false)
    })
  }
})

test('a swap that was not begun changes nothing; of what was put aside only the last is kept', (t) => {
  const { stateDir, paths, write } = directories(t)
  assert.equal(finishSwap(paths), false)
  assert.equal(contents(stateDir, 'nodes'), 'before')
  write('nodes.before-20200101T000000Z/0', 'long ago')
  beginSwap(paths, join(stateDir, 'restore/nodes'))
  finishSwap(paths)
  assert.equal(existsSync(join(stateDir, 'nodes.before-20200101T000000Z')), false)
})

test('the promise of what begins anew is the highest of any node', (t) => {
  const { paths, write } = directories(t)
  write('nodes/0', JSON.stringify({ promise: { number: 3, node: 2 } }))
  write('nodes/1', JSON.stringify({ promise: { number: 12, node: 0 } }))
  write('nodes/2', JSON.stringify({ promise: { number: 12, node: 1 } }))
  assert.deepEqual(readHighestPromise(paths), { number: 12, node: 1 })
})
