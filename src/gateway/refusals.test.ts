import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saysRefusedWhole } from './refusals.ts'

const sha1 = 'a'.repeat(40)

test('a script that its user may not call has not run; one that was refused something may have', () => {
  for (const words of [
    'NOAUTH Authentication required.',
    "NOPERM this user has no permissions to run the 'evalsha' command",
    'NOPERM this user has no permissions to access one of the keys used as arguments',
    "NOPERM User app has no permissions to run the 'evalsha' command",
    'NOPERM No permissions to access a key',
  ])
    assert.ok(saysRefusedWhole(words), words)
  for (const words of [
    `NOPERM ACL failure in script: User app has no permissions to run the 'hset' command script: ${sha1}, on @user_script:60.`,
    "NOPERM ACL failure in script: User app has no permissions to run the 'hset' command",
    `NOPERM No permissions to access a key script: ${sha1}, on @user_script:60.`,
    `ERR The user executing the script can't run this command or subcommand script: ${sha1}, on @user_script:60.`,
    'OOM command not allowed when used memory > maxmemory.',
  ])
    assert.ok(!saysRefusedWhole(words), words)
})
