import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from './command.ts'
import { readCommandTable } from './command-table.ts'
import { requestLimits } from '../resp/limits.ts'
import { RequestFramer } from '../resp/request-framer.ts'
import { mayRun, readRights } from './rights.ts'

function command(text: string, ...categories: string[]): Command {
  const framer = new RequestFramer(requestLimits)
  framer.push(Buffer.from(`${text}\r\n`))
  const request = framer.next()
  assert.ok(request !== null)
  const made = new Command(request, 0)
  if (categories.length > 0)
    made.facts = readCommandTable([[request.name, -1, [], 1, 1, 1, categories, [], [], []]]).get(request.name)
  return made
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

test('a category is taken, and single commands of it are given back', () => {
  const rights = user('+@all -@admin -@dangerous +info +client|unblock -select +select|0')
  const certain = (text: string, ...categories: string[]) => mayRun(rights, command(text, ...categories))
  assert.equal(certain('set a 1', '@write', '@slow'), true)
  assert.equal(certain('config get x', '@admin', '@slow', '@dangerous'), false)
  assert.equal(certain('info', '@slow', '@dangerous'), true)
  assert.equal(certain('client unblock 1', '@admin'), true)
  assert.equal(certain('client kill', '@admin'), false)
  assert.equal(certain('select 0', '@fast'), true)
  assert.equal(certain('select 16', '@fast'), false)
  // of a command that the server did not name nothing is certain
  assert.equal(certain('set a 1'), false)
})

test('selectors allow more, and take nothing', () => {
  const reply = [
    'commands',
    '+@all -copy',
    'keys',
    '~*',
    'channels',
    '&*',
    'selectors',
    [['commands', '+copy']],
  ]
  assert.equal(mayRun(readRights(reply), command('set a 1', '@write')), true)
  assert.equal(mayRun(readRights(reply), command('copy a b', '@write')), false)
})
