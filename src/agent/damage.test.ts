import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainDeath } from './damage.ts'

const cases: readonly (readonly [lastLine: string, code: string | undefined])[] = [
  ['# Bad file format reading the append only file incr.aof: make a backup', 'DATA_DAMAGED'],
  ['# Unexpected end of file reading the append only file base.rdb', 'DATA_DAMAGED'],
  ['# Internal error in RDB reading offset 0, function at rdb.c:529 -> Unknown RDB', 'DATA_DAMAGED'],
  ['# Short read or OOM loading DB. Unrecoverable error, aborting now.', 'DATA_DAMAGED'],
  ['# Wrong RDB checksum expected: (1fc3) but got (67b5). Aborting now.', 'DATA_DAMAGED'],
  ['# *** FATAL AOF MANIFEST FILE ERROR ***', 'DATA_DAMAGED'],
  ['# Unable to obtain the AOF file a.base.rdb length. stat: No such file or directory', 'DATA_DAMAGED'],
  ['# Error writing to the AOF file: No space left on device', 'DISK_FULL'],
  [
    '# Could not create server TCP listening socket 127.0.1.1:6379: bind: Address already in use',
    'PORT_IN_USE',
  ],
  ["# Can't open or create append-only dir appendonlydir: Permission denied", 'STATE_UNWRITABLE'],
  ['# User requested shutdown...', undefined],
]

for (const [lastLine, code] of cases) {
  test(`${lastLine.slice(0, 50)}… means ${code ?? 'nothing special'}`, () => {
    const problem = explainDeath(['* Server started', lastLine], 'redis-1', '/data/appendonlydir')
    assert.equal(problem?.code, code)
    if (problem !== null) assert.match(problem.message, /redis-1/)
  })
}

test('damage is never answered with a repair in place', () => {
  const problem = explainDeath(['Bad file format reading the append only file'], 'redis-1', '/data/aof')
  assert.match(problem?.hint ?? '', /set it aside|mv \/data\/aof/)
})
