import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { resolveSpec } from '../spec/resolve.ts'
import { judgeMachine } from './machine-checks.ts'
import type { MachineFacts } from './machine-facts.ts'

const good: MachineFacts = {
  versions: {
    holdfast: '0.1.0',
    node: '24.1.0',
    'redis-server': '7.0.15',
    'valkey-server': null,
    haproxy: '2.6.12',
  },
  overcommit: 1,
  hugePages: 'madvise',
  openFiles: 1024,
  availableMemoryBytes: 2 ** 31,
  disk: { path: '/srv', freeBytes: 2 ** 33, freeFiles: 0 },
  year: 2026,
}

const cases: readonly (readonly [change: Partial<MachineFacts>, code: string])[] = [
  [{ versions: { ...good.versions, node: '22.1.0' } }, 'NODE_TOO_OLD'],
  [{ versions: { ...good.versions, 'redis-server': null } }, 'REDIS_MISSING'],
  [{ versions: { ...good.versions, 'redis-server': '6.2.14' } }, 'REDIS_TOO_OLD'],
  [{ versions: { ...good.versions, 'redis-server': null, 'valkey-server': '7.1.0' } }, 'REDIS_TOO_OLD'],
  [{ versions: { ...good.versions, haproxy: null } }, 'HAPROXY_MISSING'],
  [{ disk: { path: '/srv', freeBytes: 1e6, freeFiles: 1e6 } }, 'DISK_LOW'],
  [{ disk: { path: '/srv', freeBytes: 1e12, freeFiles: 7 } }, 'INODES_LOW'],
  [{ availableMemoryBytes: 2 ** 26 }, 'MEMORY_LOW'],
  [{ openFiles: 256 }, 'OPEN_FILES_LOW'],
  [{ year: 1970 }, 'CLOCK_WRONG'],
  [{ overcommit: 0 }, 'OVERCOMMIT'],
  [{ hugePages: 'always' }, 'HUGE_PAGES'],
]

describe('judgeMachine', () => {
  it('finds nothing on a good machine, nor where nothing could be read', () => {
    const unknown: MachineFacts = {
      ...good,
      overcommit: null,
      hugePages: null,
      openFiles: null,
      availableMemoryBytes: null,
      disk: null,
    }
    for (const facts of [good, unknown]) {
      assert.deepEqual(judgeMachine(facts, resolveSpec({})), { problems: [], advice: [] })
    }
  })

  it('takes valkey instead of redis', () => {
    const facts = { ...good, versions: { ...good.versions, 'redis-server': null, 'valkey-server': '7.2.5' } }
    assert.deepEqual(judgeMachine(facts, resolveSpec({})).problems, [])
  })

  for (const [change, code] of cases) {
    it(`says ${code} and what to type`, () => {
      const { problems, advice } = judgeMachine({ ...good, ...change }, resolveSpec({}))
      const found = [...problems, ...advice]
      assert.deepEqual(
        found.map((problem) => problem.code),
        [code],
      )
      assert.ok(found.every(({ hint }) => hint.length > 0))
    })
  }
})
