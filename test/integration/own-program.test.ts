import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { commandLine, ownAddresses } from '../harness/command-line.ts'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const place = ownAddresses()
const frontDoor = `http://${place.frontDoor}`
const hasRedis = existsSync('/usr/lib/python3/dist-packages/redis')
if (!hasRedis && process.env.CI) throw new Error('python3-redis is missing (apt-get install python3-redis)')

/** examples/your-own-program.yaml as it is, but for its addresses. */
describe(
  'a program in Python, unchanged',
  { timeout: 120_000, skip: !hasRedis && 'python3-redis is missing' },
  () => {
    let directory = ''
    const { run, readStatus } = commandLine(() => directory)
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'holdfast-own-'))
      const example = await readFile(join(examples, 'your-own-program.yaml'), 'utf8')
      const spec = example
        .replace('127.0.0.1:6579', place.gateway)
        .replace('127.0.0.1:8280', place.frontDoor)
        .replace('127.0.6.0/24', place.network)
        .replace(
          'directory: python-counter',
          `directory: ${join(examples, 'python-counter')}\n  port: ${place.appPort}`,
        )
      await writeFile(join(directory, 'holdfast.yaml'), spec)
    })
    after(async () => {
      await run(['down', '--purge', '--yes'])
      await rm(directory, { recursive: true })
    })

    it('is brought up, counts through every instance, and through a switchover', async () => {
      const { exitCode, stdout, stderr } = await run(['up'])
      assert.equal(exitCode, 0, stderr)
      assert.doesNotMatch(stderr, /warning: app-\d listens on every address/)
      assert.ok(stdout.includes(`curl ${frontDoor}/ping\n`), stdout)
      for (let expected = 1; expected <= 6; expected++) assert.equal(await count('hello'), expected)
      const switched = await run(['switchover'])
      assert.equal(switched.exitCode, 0, switched.stderr)
      for (let expected = 7; expected <= 12; expected++) assert.equal(await count('hello'), expected)
      assert.equal((await readStatus()).instances.filter(({ healthy }) => healthy).length, 3)
    })

    it('a changed command changes the instances, and says when it does not start', async () => {
      const file = join(directory, 'holdfast.yaml')
      const spec = await readFile(file, 'utf8')
      await writeFile(file, spec.replace('app.py]', 'no-such-file.py]'))
      const broken = await run(['up'])
      assert.equal(broken.exitCode, 1, broken.stderr)
      assert.match(broken.stderr, /no-such-file\.py/)
      await writeFile(file, spec)
      const mended = await run(['up'])
      assert.equal(mended.exitCode, 0, mended.stderr)
      assert.equal(await count('hello'), 13)
    })
  },
)

async function count(id: string): Promise<number> {
  const response = await fetch(`${frontDoor}/${id}`)
  assert.equal(response.status, 200)
  return ((await response.json()) as { count: number }).count
}
