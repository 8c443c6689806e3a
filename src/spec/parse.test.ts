import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import fc from 'fast-check'

import { HoldfastError } from '../errors.ts'
import { defaultKubernetesSettings } from './kubernetes-settings.ts'
import { parseSpec } from './parse.ts'
import { SpecError } from './problem.ts'

const valid = `name: shop
target: local
app:
  command: python3 app.py
  directory: ./shop
  env: { LOG_LEVEL: debug }
  health: /health
  instances: 4
  port: 19000
redis:
  nodes: 5
  password: { env: SHOP_PASSWORD }
  maxmemory: 256mb
  appendfsync: always
  db: 3
gateway:
  listen: 127.0.0.1:7000
  hold: 5s
  delivery: at-most-once
  ack: 2
  reads: fast
  limits:
    sessions: 500
    parked: 8mb
    frame: 32mb
frontDoor:
  listen: 0.0.0.0:9000
local:
  network: 127.0.9.0/24
`

/** The line to break, what to write instead, and what must then be said: place, path, message or fix. */
const breakages: readonly (readonly [line: string, broken: string, expected: string | RegExp])[] = [
  ['name: shop', 'name: Shop', '1:7: name must be lower-case letters'],
  ['name: shop', 'name: 1shop', 'name must be lower-case letters'],
  ['name: shop', `name: a${'b'.repeat(31)}`, 'at most 31 characters, not abbb'],
  ['name: shop', 'name: node', '1:7: name is taken'],
  ['name: shop', 'name: 12', 'name must be text, not 12'],
  ['name: shop', 'name:', '1:1: name has no value'],
  ['name: shop', 'name: [a]', 'name must be text, not a list'],
  ['name: shop', 'Name: shop', 'Name is not known\n      did you mean name?'],
  ['target: local', 'target: mars', 'target must be local or kubernetes, not mars'],
  ['app:', 'application:', 'application is not known\n      a spec has: name, target, app, redis'],
  [
    '  command: python3 app.py',
    '  command: [python3, 1]',
    '4:12: app.command must be one line of shell, or a list',
  ],
  ['  command: python3 app.py', '  command: []', 'app.command must be one line'],
  ['  command: python3 app.py', '  command: "a\\0b"', 'app.command must be one line'],
  ['  command: python3 app.py', '  command: " "', 'app.command must be one line'],
  [
    '  command: python3 app.py',
    '  comand: python3 app.py',
    '4:3: app.comand is not known\n      did you mean command?',
  ],
  ['  directory: ./shop', '  directory: ""', 'app.directory must be a path'],
  ['  env: { LOG_LEVEL: debug }', '  env: { REDIS_HOST: x }', '6:22: app.env.REDIS_HOST is set by Holdfast'],
  ['  env: { LOG_LEVEL: debug }', '  env: { PORT: "1" }', 'app.env.PORT is set by Holdfast'],
  [
    '  env: { LOG_LEVEL: debug }',
    '  env: { WORKERS: 4 }',
    'app.env.WORKERS must be text: put the value in quotes',
  ],
  ['  env: { LOG_LEVEL: debug }', '  env: { A-B: x }', 'app.env.A-B is no name of a variable'],
  ['  env: { LOG_LEVEL: debug }', '  env: [LOG_LEVEL=debug]', 'app.env must be a mapping'],
  ['  health: /health', '  health: health', 'app.health must be a path that begins with "/"'],
  ['  health: /health', '  health: "/a b"', 'app.health must be a path'],
  ['  instances: 4', '  instances: 0', '8:14: app.instances must be a whole number from 1 to 64, not 0'],
  ['  instances: 4', '  instances: 65', 'not 65\n      for example: "instances: 3"'],
  ['  instances: 4', '  instances: 2.5', 'app.instances must be a whole number from 1 to 64, not 2.5'],
  ['  instances: 4', '  instances: three', 'app.instances must be a whole number from 1 to 64, not three'],
  ['  instances: 4', '  instances: "4"', 'app.instances must be a whole number'],
  ['  port: 19000', '  port: 65536', 'app.port must be a whole number from 1 to 65471'],
  ['  port: 19000', '  port: 65472', 'app.port must be a whole number from 1 to 65471, not 65472'],
  [
    '  port: 19000',
    '  port: 6999',
    'app.port makes app-1 listen on 127.0.0.1:7000, where the gateway listens',
  ],
  [
    '  port: 19000',
    '  port: 8998',
    'app.port makes app-2 listen on 127.0.0.1:9000, where the front door listens',
  ],
  ['  nodes: 5', '  nodes: 4', '11:10: redis.nodes must be an odd number from 3 to 9, not 4'],
  ['  nodes: 5', '  nodes: 1', 'redis.nodes must be an odd number'],
  ['  nodes: 5', '  nodes: 11', 'redis.nodes must be an odd number'],
  [
    '  nodes: 5',
    '  listen: 7000',
    'redis.listen is not known\n      it belongs under another name: gateway.listen',
  ],
  [
    '  password: { env: SHOP_PASSWORD }',
    '  password: { env: A, file: b }',
    'redis.password must be generate, {env',
  ],
  ['  password: { env: SHOP_PASSWORD }', '  password: { env: "A B" }', 'redis.password must name a variable'],
  [
    '  password: { env: SHOP_PASSWORD }',
    '  password: { vault: x }',
    'redis.password must be generate, {env: NAME}',
  ],
  ['  maxmemory: 256mb', '  maxmemory: 256 MB', 'redis.maxmemory must be a size like 256mb'],
  [
    '  maxmemory: 256mb',
    '  maxmemory: 1mb',
    'redis.maxmemory must be a size like 256mb or 2gb, at least 16mb',
  ],
  ['  maxmemory: 256mb', '  maxmemory: 256', 'redis.maxmemory must be a size'],
  [
    '  appendfsync: always',
    '  appendfsync: never',
    'redis.appendfsync must be everysec or always, not never',
  ],
  ['  db: 3', '  db: 16', 'redis.db must be a whole number from 0 to 15, not 16'],
  [
    '  listen: 127.0.0.1:7000',
    '  listen: 7000',
    'gateway.listen must be an IPv4 address and a port, not 7000',
  ],
  [
    '  listen: 127.0.0.1:7000',
    '  listen: localhost:7000',
    'gateway.listen must be an IPv4 address and a port',
  ],
  [
    '  listen: 127.0.0.1:7000',
    '  listen: 127.0.0.256:7000',
    'gateway.listen must be an IPv4 address and a port',
  ],
  ['  listen: 127.0.0.1:7000', '  listen: 127.0.0.1:0', 'gateway.listen must be an IPv4 address and a port'],
  ['  listen: 127.0.0.1:7000', '  listen: 127.0.0.1:65535', 'gateway.listen needs the port above it'],
  [
    '  listen: 127.0.0.1:7000',
    '  listen: 0.0.0.0:6379',
    'where redis-0 listens (local.network: 127.0.9.1:6379)',
  ],
  ['  listen: 127.0.0.1:7000', '  listen: 127.0.0.1:8999', "where the gateway's admin port listens"],
  ['  hold: 5s', '  hold: 5', 'gateway.hold must be a duration with its unit'],
  [
    '  hold: 5s',
    '  hold: 11m',
    'gateway.hold must be a duration with its unit, like 10s or 500ms, from 100ms to 10m',
  ],
  ['  hold: 5s', '  hold: 1ms', 'gateway.hold must be a duration'],
  [
    '  delivery: at-most-once',
    '  delivery: twice',
    'gateway.delivery must be exactly-once, at-least-once or at-most-once, not twice',
  ],
  ['  ack: 2', '  ack: all', 'gateway.ack must be in-sync, or a number of replicas from 0 to 8, not all'],
  ['  ack: 2', '  ack: -1', 'gateway.ack must be in-sync, or a number of replicas'],
  ['  ack: 2', '  ack: 1.5', 'gateway.ack must be in-sync, or a number of replicas'],
  [
    '  ack: 2',
    '  ack: 5',
    'gateway.ack waits for 5 replicas, and 5 Redis nodes have 4\n      in-sync, or 0 to 4',
  ],
  ['  reads: fast', '  reads: any', 'gateway.reads must be confirmed or fast, not any'],
  ['    sessions: 500', '    sessions: 0', 'gateway.limits.sessions must be a whole number from 1 to 100000'],
  [
    '    sessions: 500',
    '    session: 500',
    'gateway.limits.session is not known\n      did you mean sessions?',
  ],
  [
    '    sessions: 500',
    '    maximum: 500',
    'gateway.limits.maximum is not known\n      gateway.limits has: sessions, parked, allParked, answers, frame',
  ],
  ['    parked: 8mb', '    parked: 8', 'gateway.limits.parked must be a size like 64mb, from 1mb to 64gb'],
  ['    parked: 8mb', '    parked: 0', 'gateway.limits.parked must be a size like 64mb'],
  ['    frame: 32mb', '    frame: 2gb', 'gateway.limits.frame must be a size like 64mb, from 1mb to 1gb'],
  ['    parked: 8mb', '    parked:', 'gateway.limits.parked has no value\n      for example: "parked: 64mb"'],
  [
    '  reads: fast',
    '  answers: 1mb',
    'gateway.answers is not known\n      it belongs under another name: gateway.limits.answers',
  ],
  ['frontDoor:', 'front-door:', 'front-door is not known\n      did you mean frontDoor?'],
  ['  network: 127.0.9.0/24', '  network: 10.0.0.0/24', 'local.network must be a network within 127.0.0.0/8'],
  [
    '  network: 127.0.9.0/24',
    '  network: 127.0.9.5/24',
    'local.network must begin at its first address: 127.0.9.0/24',
  ],
  ['  network: 127.0.9.0/24', '  network: 127.0.9.0/30', 'local.network has no room for 5 Redis nodes'],
  ['  network: 127.0.9.0/24', '  network: 0.0.0.0/0', 'local.network must be a network within 127.0.0.0/8'],
  [
    '  network: 127.0.9.0/24',
    '\tnetwork: 127.0.9.0/24',
    '29:1: is indented with a tab\n      indent with spaces',
  ],
  ['target: local', 'name: again', '2:1: this name stands here a second time'],
  ['name: shop', 'name: "shop', 'Missing closing "quote'],
  ['target: local', '---', 'a second document begins here'],
  ['target: local', 'target: !!python/name x', 'Unresolved tag'],
  ['target: local', 'target: *nobody', 'Unresolved alias'],
]

describe('parseSpec', () => {
  it('understands every field', () => {
    assert.deepEqual(parseSpec(valid, 'holdfast.yaml'), {
      name: 'shop',
      target: 'local',
      app: {
        command: ['/bin/sh', '-c', 'python3 app.py'],
        directory: './shop',
        env: { LOG_LEVEL: 'debug' },
        health: '/health',
        instances: 4,
        port: 19000,
      },
      redis: {
        nodes: 5,
        password: { kind: 'env', name: 'SHOP_PASSWORD' },
        maxmemoryBytes: 256 * 1024 * 1024,
        appendfsync: 'always',
        db: 3,
      },
      gateway: {
        listen: { host: '127.0.0.1', port: 7000 },
        holdMs: 5000,
        delivery: 'at-most-once',
        ack: 2,
        reads: 'fast',
        limits: {
          sessions: 500,
          parkedBytes: 8 * 2 ** 20,
          allParkedBytes: 512 * 2 ** 20,
          answerBytes: 16 * 2 ** 20,
          frameBytes: 32 * 2 ** 20,
        },
      },
      frontDoor: { listen: { host: '0.0.0.0', port: 9000 } },
      local: { network: { first: 0x7f000900, size: 256 }, supervisor: 'auto' },
      kubernetes: { ...defaultKubernetesSettings, namespace: 'shop', createNamespace: true },
    })
  })

  for (const [line, broken, expected] of breakages) {
    it(`refuses ${broken.trim()}`, () => {
      const text = valid.replace(`${line}\n`, `${broken}\n`)
      assert.notEqual(text, valid, 'the line to break is in the valid spec')
      assertIncludes(problemsOf(text), expected)
    })
  }

  it('names all problems at once, in the order of the file', () => {
    const text = valid
      .replace('nodes: 5', 'nodes: 4')
      .replace('name: shop', 'name: X')
      .replace('db: 3', 'db: -1')
    const error = failureOf(text)
    assert.deepEqual(
      error.problems.map(({ line, path }) => [line, path]),
      [
        [1, 'name'],
        [11, 'redis.nodes'],
        [15, 'redis.db'],
      ],
    )
    assert.equal(error.exitCode, 2)
    assert.match(error.message, /^holdfast\.yaml has 3 problems:/)
  })

  it('never repeats what may be a secret', () => {
    for (const secret of [
      'hunter2hunter2',
      '12345678',
      '[hunter2hunter2]',
      '{ env: "hunter2 hunter2" }',
      '{ hunter2hunter2: x }',
    ]) {
      const message = problemsOf(valid.replace('{ env: SHOP_PASSWORD }', secret))
      assert.doesNotMatch(message, /hunter2|12345678/)
    }
    assert.match(
      problemsOf(valid.replace('{ env: SHOP_PASSWORD }', 'hunter2')),
      /must not be the password itself/,
    )
    assert.doesNotMatch(problemsOf(valid.replace('{ LOG_LEVEL: debug }', '{ REDIS_X: hunter2 }')), /hunter2/)
  })

  it('takes nothing at all, comments and empty sections as all defaults', () => {
    const empty = parseSpec('', 'a')
    assert.equal(empty.name, 'counter')
    assert.equal(empty.app.port, 18_080)
    assert.equal(empty.app.health, '/ping')
    for (const text of ['# nothing\n', '{}', 'null', 'app:\n  # instances: 3\nredis:\n', '\ufeff', '---\n']) {
      assert.deepEqual(parseSpec(text, 'a'), empty, JSON.stringify(text))
    }
  })

  it('derives the defaults that depend on other fields', () => {
    const spec = parseSpec('app: {command: [./run, --fast]}\nfrontDoor: {listen: "127.0.0.1:9000"}', 'a')
    assert.deepEqual(spec.app.command, ['./run', '--fast'])
    assert.equal(spec.app.health, '/')
    assert.equal(spec.app.port, 19_000)
  })

  it('has no default port for instances of a front door far up', () => {
    assertIncludes(
      problemsOf('frontDoor: {listen: "0.0.0.0:60000"}'),
      '1:1: app.port is 70000 by default (the port of the front door + 10000), too high',
    )
  })

  it('blames what the file says rather than a default it does not mention', () => {
    assertIncludes(
      problemsOf('local: {network: 127.0.0.0/24}'),
      '1:18: local.network makes redis-0 listen on 127.0.0.1:6379',
    )
  })

  it('knows the name of a broken spec only where it is beyond doubt', () => {
    assert.equal(failureOf('name: shop\nredis: {nodes: 4}').deployment, 'shop')
    assert.equal(failureOf('redis: {nodes: 4}').deployment, 'counter')
    assert.equal(failureOf('name: shop\ngateway: {listen: "0.0.0.0:6379"}').deployment, 'shop')
    for (const text of ['nam: shop', 'name: Shop', 'name: "shop', '- a']) {
      assert.equal(failureOf(text).deployment, undefined)
    }
  })

  it('takes a group without anything in it as all defaults', () => {
    for (const text of ['gateway:\n  limits:\n', 'gateway: { limits: {} }', 'gateway:\n'])
      assert.deepEqual(parseSpec(text, 'a'), parseSpec('', 'a'), text)
  })

  it('refuses what is no mapping', () => {
    assertIncludes(
      problemsOf('gateway: {limits: [1]}'),
      '1:19: gateway.limits must be a mapping\n      with any of: sessions',
    )
    assertIncludes(problemsOf('gateway: {limits: 5}'), 'gateway.limits must be a mapping')
    for (const text of ['- a', 'counter', '42']) assertIncludes(problemsOf(text), '1:1: a spec is a mapping')
    assertIncludes(problemsOf('app: counter'), '1:6: app must be a mapping')
    assertIncludes(problemsOf('app: [a]'), '1:6: app must be a mapping')
  })

  it('does not expand what would fill the memory', () => {
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array.from({ length: 9 }, () => `*${of}`).join(', ')}]\n`
    const bomb = `a: &a [x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}`
    assertIncludes(problemsOf(bomb), 'write values out, without aliases')
  })

  it('fails only with words, whatever it is given', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '{', '[', '&a', '*a', '"', '?', '\t') }),
    )
    fc.assert(
      fc.property(anything, (text) => {
        try {
          parseSpec(text, 'a')
        } catch (error) {
          assert.ok(error instanceof HoldfastError, String(error))
          assert.doesNotMatch(error.message, /undefined|\[object/)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

function failureOf(text: string): SpecError {
  try {
    parseSpec(text, 'holdfast.yaml')
  } catch (error) {
    if (error instanceof SpecError) return error
    throw error
  }
  return assert.fail('the spec was accepted')
}

function problemsOf(text: string): string {
  return failureOf(text).message
}

function assertIncludes(message: string, expected: string | RegExp): void {
  if (expected instanceof RegExp) assert.match(message, expected)
  else assert.ok(message.includes(expected), `expected: ${expected}\nin: ${message}`)
}
