import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findManaged } from '../../src/platform/managed-process.ts'
import { bareDeployment, noOwnDisk, type BareDeployment } from '../harness/bare-deployment.ts'
import type { CommandResult } from '../harness/command-line.ts'

/** A user's mistake: said in words, what to type next, no stack, and nothing was started. */
function assertRefused(
  deployment: BareDeployment,
  result: CommandResult,
  exitCode: number,
  words: RegExp,
): void {
  assert.match(result.stderr, words)
  assert.match(result.stderr, /^error: .*\n/m)
  assert.doesNotMatch(result.stderr, /\n\s+at /)
  assert.equal(result.stdout, '')
  assert.equal(result.exitCode, exitCode, result.stderr)
  assert.deepEqual(findManaged(deployment.stateDir), [])
}

test('a broken spec: all problems at once, each with file, line and column', async (t) => {
  const deployment = bareDeployment(t)
  deployment.writeSpec('redis:\n  nodes: 4\n  maxmemory: lots\ngatewey: {}\ntarget: moon')
  const result = await deployment.run(['up'])
  assertRefused(deployment, result, 2, /holdfast\.yaml has 4 problems:/)
  for (const place of ['7:10: redis.nodes', '8:14: redis.maxmemory', '9:1: gatewey', '10:9: target'])
    assert.ok(result.stderr.includes(`holdfast.yaml:${place}`), result.stderr)
})

test('a taken port: the error names port, process and field', async (t) => {
  const deployment = bareDeployment(t)
  const [host = '', port = ''] = deployment.place.frontDoor.split(':')
  const server = createServer().listen(Number(port), host)
  await once(server, 'listening')
  const result = await deployment.run(['up'])
  server.close()
  const words = new RegExp(
    `${host}:${port} \\(front-door, frontDoor\\.listen in the spec\\) is in use by pid ${String(process.pid)} `,
  )
  assertRefused(deployment, result, 2, words)
})

test('no redis-server, one that is too old, one that says nothing, and no haproxy', async (t) => {
  const deployment = bareDeployment(t)
  const bin = join(deployment.directory, 'bin')
  mkdirSync(bin)
  // A PATH with nothing else on it; only haproxy is also looked for where the system keeps it.
  const up = () => deployment.run(['up'], { PATH: bin })
  const program = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  assertRefused(
    deployment,
    await up(),
    2,
    /redis-server or valkey-server is not on this machine\n.*apt-get install redis-server/,
  )
  program('redis-server', 'echo "Redis server v=6.2.9 sha=0"')
  assertRefused(deployment, await up(), 2, /redis-server is version 6\.2; 7\.0 or newer is needed\n.*apt-get/)
  program('redis-server', 'exit 1')
  assertRefused(deployment, await up(), 2, /redis-server --version does not say its version/)
  program('redis-server', 'echo "Redis server v=7.0.15 sha=0"')
  program('haproxy', 'echo "HAProxy version 1.8.4"')
  assertRefused(deployment, await up(), 2, /haproxy is version 1\.8; 2\.4 or newer is needed/)
})

test('no haproxy', { skip: noOwnDisk() && 'only root may hide a program of the system' }, (t) => {
  const deployment = bareDeployment(t)
  const path = execFileSync('sh', ['-c', 'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v haproxy'])
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
  // Hidden in a mount namespace that ends with the command.
  const result = spawnSync(
    'unshare',
    [
      '--mount',
      'sh',
      '-c',
      'mount --bind /dev/null "$1" && exec "$2" "$3" up',
      'sh',
      path.toString().trim(),
      process.execPath,
      main,
    ],
    { cwd: deployment.directory, encoding: 'utf8' },
  )
  const words = /haproxy is not on this machine\n.*apt-get install haproxy/
  assertRefused(
    deployment,
    { exitCode: result.status, stdout: result.stdout, stderr: result.stderr },
    2,
    words,
  )
})

test('a disk without room for Redis', { skip: noOwnDisk() }, async (t) => {
  const deployment = bareDeployment(t, { disk: '8m' })
  assertRefused(deployment, await deployment.run(['up']), 1, /only 7 MB are free on the disk of .*\n.*df -h/)
  writeFileSync(join(deployment.stateDir, '..', 'full'), Buffer.alloc(freeBytes(deployment)))
  assertRefused(deployment, await deployment.run(['up']), 1, /the disk of .* is full\n.*\n.*df -h/)
})

test('a state directory that cannot be written, and one that is a file', async (t) => {
  const deployment = bareDeployment(t)
  writeFileSync(deployment.stateDir, '')
  assertRefused(
    deployment,
    await deployment.run(['up']),
    2,
    /cannot write in .*\.holdfast\/bad: .*\n.*ls -ld/,
  )
  rmSync(deployment.stateDir)
  await t.test('read-only', { skip: noOwnDisk() }, async () => {
    const root = dirname(deployment.stateDir)
    execFileSync('mount', ['--bind', root, root])
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', root])
      assertRefused(
        deployment,
        await deployment.run(['up']),
        2,
        /cannot write in .*on a read-only file system\n.*ls -ld/,
      )
    } finally {
      execFileSync('umount', [root])
    }
  })
})

test('a password file with a control character in it is refused', async (t) => {
  const deployment = bareDeployment(t)
  deployment.writeSpec('redis: {password: {file: secret}}')
  for (const text of ['a pass\tword', 'two\nlines\n', 'ends in two newlines\n\n', 'escape \u001b[0m']) {
    writeFileSync(join(deployment.directory, 'secret'), text)
    const result = await deployment.run(['up'])
    assertRefused(deployment, result, 2, /the file .*\/secret \(redis\.password\) has a control character/)
    assert.ok(!result.stderr.includes(text.slice(0, 5)), 'the password is shown')
  }
})

function freeBytes({ directory }: BareDeployment): number {
  const { bavail, bsize } = statfsSync(join(directory, '.holdfast'))
  return bavail * bsize
}
