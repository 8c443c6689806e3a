import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { HoldfastError } from '../errors.ts'
import { isStandalone } from './standalone-flags.ts'
import { parseStandaloneOptions } from './standalone-options.ts'

const files: Readonly<Record<string, string>> = {
  '/run/redis': 'from a file\n',
  '/run/empty': '\n',
}

function parse(line: string, env: Record<string, string> = {}) {
  return parseStandaloneOptions({
    argv: line.split(' ').filter((word) => word !== ''),
    env,
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' })
      return text
    },
  })
}

function problemsOf(line: string, env: Record<string, string> = {}): string {
  try {
    parse(line, env)
  } catch (error) {
    assert.ok(error instanceof HoldfastError)
    assert.equal(error.exitCode, 2)
    assert.match(error.hint ?? '', /docs\/standalone\.md/)
    return error.message
  }
  return assert.fail('it was accepted')
}

describe('the options of a gateway without a deployment', () => {
  it('need the sentinels alone', () => {
    assert.deepEqual(parse('--sentinels a,10.0.0.2:26380,[::1]:26381'), {
      name: 'mymaster',
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: '10.0.0.2', port: 26_380 },
        { host: '::1', port: 26_381 },
      ],
      listen: { host: '127.0.0.1', port: 6379 },
      adminListen: { host: '127.0.0.1', port: 6380 },
      delivery: 'exactly-once',
      ack: 1,
      reads: 'confirmed',
      holdMs: 10_000,
      markersDb: 15,
      limitsFile: null,
      redis: null,
      sentinel: null,
    })
  })

  it('can all be given, as flags or as variables; a flag counts more', () => {
    const expected = {
      name: 'shop',
      sentinels: [{ host: 's', port: 1 }],
      listen: { host: '0.0.0.0', port: 7000 },
      adminListen: { host: '127.0.0.1', port: 9000 },
      delivery: 'at-least-once',
      ack: 0,
      reads: 'fast',
      holdMs: 2500,
      markersDb: 7,
      limitsFile: 'limits.yaml',
      redis: { user: 'gate', password: 'from a file' },
      sentinel: { user: 'watcher', password: 'other' },
    }
    const secrets = { HOLDFAST_REDIS_PASSWORD_FILE: '/run/redis', HOLDFAST_SENTINEL_PASSWORD: 'other' }
    const flags =
      '--sentinels s:1 --name=shop --listen 0.0.0.0:7000 --admin-listen 127.0.0.1:9000 --delivery at-least-once --ack 0 ' +
      '--reads fast --hold 2500ms --markers-db 7 --limits limits.yaml --redis-user gate --sentinel-user watcher'
    assert.deepEqual(parse(flags, { ...secrets, HOLDFAST_ACK: '2', HOLDFAST_NAME: 'other' }), expected)
    const variables = {
      HOLDFAST_SENTINELS: 's:1',
      HOLDFAST_NAME: 'shop',
      HOLDFAST_LISTEN: '0.0.0.0:7000',
      HOLDFAST_ADMIN_LISTEN: '127.0.0.1:9000',
      HOLDFAST_DELIVERY: 'at-least-once',
      HOLDFAST_ACK: '0',
      HOLDFAST_READS: 'fast',
      HOLDFAST_HOLD: '2500ms',
      HOLDFAST_MARKERS_DB: '7',
      HOLDFAST_LIMITS: 'limits.yaml',
      HOLDFAST_REDIS_USER: 'gate',
      HOLDFAST_SENTINEL_USER: 'watcher',
    }
    assert.deepEqual(parse('', { ...secrets, ...variables }), expected)
  })

  it('take a variable that is set to nothing as one that is not set', () => {
    assert.equal(parse('--sentinels a', { HOLDFAST_REDIS_PASSWORD: '', HOLDFAST_NAME: '' }).name, 'mymaster')
  })

  const mistakes: readonly (readonly [line: string, expected: RegExp, env?: Record<string, string>])[] = [
    ['--name x', /--sentinels is missing: for example/],
    ['--sentinels', /--sentinels needs a value/],
    ['--sentinels --name x', /--sentinels needs a value/],
    ['--sentinels a:0', /--sentinels \(HOLDFAST_SENTINELS\) must be host:port, with commas between, not a:0/],
    ['--sentinels a,,b', /must be host:port/],
    ['--sentinels redis://a', /must be host:port/],
    ['--sentinels a --sentinels b', /--sentinels is given twice/],
    [
      '--sentinels a --ack in-sync',
      /--ack .*must be a number of replicas, 0 to 8 \(in-sync needs the agents/,
    ],
    ['--sentinels a --ack -1', /--ack/],
    ['--sentinels a --delivery once', /must be exactly-once, at-least-once or at-most-once, not once/],
    ['--sentinels a --reads slow', /must be confirmed or fast, not slow/],
    ['--sentinels a --hold 10', /--hold .* must be a duration with its unit/],
    ['--sentinels a --listen 6379', /--listen .* must be an IPv4 address and a port/],
    ['--sentinels a --listen 127.0.0.1:65535', /--listen: there is no port above 65535/],
    ['--sentinels a --admin-listen 127.0.0.1:6379', /--admin-listen: clients connect there/],
    ['--sentinels a --markers-db 0', /--markers-db .* must be a number from 1/],
    ['--sentinels a --deliver x', /--deliver is not known: did you mean --delivery\?/],
    ['--sentinels a --state-dir x', /belongs to a deployment or to sentinels of your own/],
    [
      '--sentinels a',
      /_PASSWORD_FILE: \/none cannot be read: there is no such file/,
      { HOLDFAST_REDIS_PASSWORD_FILE: '/none' },
    ],
    [
      '--sentinels a',
      /_PASSWORD_FILE: \/run\/empty is empty/,
      { HOLDFAST_SENTINEL_PASSWORD_FILE: '/run/empty' },
    ],
    [
      '--sentinels a --redis-user gate',
      /HOLDFAST_REDIS_PASSWORD or HOLDFAST_REDIS_PASSWORD_FILE is missing: the password of gate/,
    ],
    [
      '--sentinels a',
      /are both set/,
      { HOLDFAST_REDIS_PASSWORD: 'x', HOLDFAST_REDIS_PASSWORD_FILE: '/run/redis' },
    ],
  ]
  for (const [line, expected, env] of mistakes) {
    it(`refuse ${line} ${Object.keys(env ?? {}).join(' ')}`, () => {
      assert.match(problemsOf(line, env), expected)
    })
  }

  it('name all problems at once', () => {
    assert.match(
      problemsOf('--sentinels a:b --ack x --hold 0s --foo --limits'),
      /^gateway has 5 problems:\n {2}--foo .*\n {2}--limits needs a value\n {2}--sentinels .*\n {2}--ack .*\n {2}--hold .*$/,
    )
  })

  it('take no password from the command line, and never repeat one', () => {
    for (const line of [
      '--password hunter2',
      '--redis-password=hunter2',
      '--requirepass hunter2',
      'hunter2',
    ]) {
      const message = problemsOf(`--sentinels a ${line}`)
      assert.doesNotMatch(message, /hunter2/)
      if (line.startsWith('--')) assert.match(message, /HOLDFAST_REDIS_PASSWORD\(_FILE\)/)
    }
    const both = { HOLDFAST_REDIS_PASSWORD: 'hunter2', HOLDFAST_REDIS_PASSWORD_FILE: '/run/redis' }
    assert.doesNotMatch(problemsOf('--sentinels a', both), /hunter2|from a file/)
  })

  it('are meant wherever no deployment is named', () => {
    const meant = (line: string, env = {}): boolean => isStandalone(line.split(' ').filter(Boolean), env)
    assert.ok(meant('--sentinels a'))
    assert.ok(meant('--sentinels a --state-dir x'))
    assert.ok(meant('', { HOLDFAST_SENTINELS: 'a' }))
    assert.ok(meant('--name x'))
    assert.ok(!meant(''))
    assert.ok(!meant('--state-dir x', { HOLDFAST_SENTINELS: 'a' }))
    assert.ok(!meant('--spec x'))
  })
})
