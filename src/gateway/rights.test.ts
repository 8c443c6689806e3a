import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from './command.ts'
import { requestLimits } from '../resp/limits.ts'
import { RequestFramer } from '../resp/request-framer.ts'
import { mayRun, readRights } from './rights.ts'

function command(text: string): Command {
  const framer = new RequestFramer(requestLimits)
  framer.push(Buffer.from(`${text}\r\n`))
  const request = framer.next()
  assert.ok(request !== null)
  return new Command(request, 0)
}

const user = (commands: string, keys = '~*', channels = '&*') =>
  readRights([
    'flags',
    ['on'],
    'passwords',
    [],
    'commands',
    commands,
    'keys',
    keys,
    'channels',
    channels,
    'selectors',
    [],
  ])

test('whose rights are known without asking', () => {
  const most = user('+@all -replicaof -acl|setuser')
  assert.equal(mayRun(most, command('set a 1')), true)
  assert.equal(mayRun(most, command('acl whoami')), true)
  assert.equal(mayRun(most, command('acl setuser a')), false)
  assert.equal(mayRun(most, command('replicaof no one')), false)
  for (const limited of [
    user('-@all +set'),
    user('+@all -@dangerous'),
    user('+@all', '~app:*'),
    user('+@all', '~*', '&news'),
    readRights(null),
  ])
    assert.equal(mayRun(limited, command('set a 1')), false)
})
