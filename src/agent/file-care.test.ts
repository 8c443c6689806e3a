import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '../platform/log.ts'
import { createFileCare } from './file-care.ts'
import { downRedis } from './redis-link.ts'

const names = 'a.aof.1.incr.aof'
const commands = '*1\r\n$4\r\nPING\r\n'

for (const [more, files, bytes] of [
  ['more of it', names, 1092],
  ['other files', 'a.aof.2.incr.aof', 1089],
] as const)
  test(`bytes that redis-server did not count are looked at once, ${more} again`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'file-care-'))
    t.after(() => {
      rmSync(directory, { recursive: true })
    })
    writeFileSync(join(directory, 'a.aof.manifest'), `file ${names} seq 1 type i\n`)
    writeFileSync(join(directory, names), commands)
    const redis = { ...downRedis, up: true, runId: 'run', fileBytes: 1000 }
    const care = createFileCare({
      node: 'redis-0',
      directory,
      redis: { inspect: () => Promise.resolve(redis), rewriteFile: () => new Promise(() => undefined) },
      log: createLogger('agent-0', 'silent'),
      now: () => performance.now(),
    })
    const look = (on: { readonly names: string; readonly bytes: number }) => care.look(redis, on)
    await look({ names, bytes: 1089 })
    // The file is read beside the look.
    await delay(100)
    assert.equal(care.problem()?.code, undefined)
    // From now on whoever reads the file says so.
    writeFileSync(join(directory, names), `${commands}\0\0\0`)
    // Under load: more was written before redis-server said how much.
    await look({ names, bytes: 400 })
    await look({ names, bytes: 1089 })
    await delay(100)
    assert.equal(care.problem()?.code, undefined)
    await look({ names: files, bytes })
    while (care.problem()?.code !== 'FILE_SUSPECT') await delay(10)
  })
