import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseSpec } from './parse.ts'
import { SpecError } from './problem.ts'

function problemsOf(text: string, target: 'local' | 'kubernetes' = 'kubernetes'): string {
  try {
    parseSpec(text, 'a.yaml', target)
    return ''
  } catch (error) {
    assert.ok(error instanceof SpecError)
    return error.message
  }
}

const inSection = (line: string): string => `kubernetes:\n  ${line}\n`

/** One line of the section, and what must be said about it. */
const mistakes: readonly (readonly [line: string, expected: string])[] = [
  ['namespace: Shop', '2:14: kubernetes.namespace must be a name of lower-case letters'],
  ['namespace:', 'kubernetes.namespace has no value\n      for example: "namespace: shop"'],
  ['namepsace: shop', 'kubernetes.namepsace is not known\n      did you mean namespace?'],
  ['createNamespace: "yes"', 'kubernetes.createNamespace must be true or false'],
  ['clusterDomain: .', 'kubernetes.clusterDomain must be a name'],
  ['image: "a b"', 'kubernetes.image must be the name of an image'],
  ['image: UPPER/case', 'kubernetes.image must be the name of an image'],
  ['imagePullPolicy: Sometimes', 'must be IfNotPresent, Always or Never, not Sometimes'],
  ['context: prod', 'kubernetes.context must be a list of kube contexts, like [prod]'],
  ['imagePullSecrets: registry', 'kubernetes.imagePullSecrets must be a list of names'],
  ['existingSecret: a/b', 'kubernetes.existingSecret must be a name'],
  ['serviceType: Ingress', 'must be LoadBalancer, NodePort or ClusterIP, not Ingress'],
  ['nodePort: 0', 'kubernetes.nodePort must be a whole number from 1 to 65535'],
  ['gateways: -1', 'kubernetes.gateways must be a whole number from 0 to 64'],
  ['storageSize: 10', 'kubernetes.storageSize must be an amount like 10Gi'],
  ['storageSize: 10GB', 'kubernetes.storageSize must be an amount like 10Gi, not 10GB'],
  ['spread: always', 'kubernetes.spread must be required, zones or preferred'],
  [
    'existingRedis: {}',
    'kubernetes.existingRedis.sentinels must be a list of addresses, like [redis-0.redis.cache.svc:26379]',
  ],
  ['existingRedis: { sentinels: [] }', 'kubernetes.existingRedis.sentinels must be a list of addresses'],
  ['existingRedis: { sentinels: ["redis://a"] }', 'kubernetes.existingRedis.sentinels'],
  [
    'existingRedis: { sentinels: [a], nane: x }',
    'kubernetes.existingRedis.nane is not known\n      did you mean name?',
  ],
  [
    'existingRedis: [a]',
    'kubernetes.existingRedis must be a mapping\n      with any of: sentinels, name, markersDb',
  ],
  ['nodeSelector: { a: "b c" }', 'kubernetes.nodeSelector.a is no value that a label can have'],
  ['nodeSelector: [a]', 'kubernetes.nodeSelector must be a mapping of names to texts'],
  ['labels: { tier: 1 }', 'kubernetes.labels.tier must be text: put the value in quotes'],
  ['labels: { "a b": c }', 'kubernetes.labels.a b is no name that Kubernetes takes'],
  ['labels: { app.kubernetes.io/name: x }', 'is set by Holdfast and cannot be given'],
  ['annotations: { holdfast/configuration: x }', 'is set by Holdfast and cannot be given'],
  ['tolerations: { key: a }', 'kubernetes.tolerations must be a list of tolerations'],
  ['tolerations: [a]', 'must be a list of mappings (its item 1 is none)'],
  [
    'tolerations: [{ key: a, effect: Never }]',
    'has effect, which must be NoSchedule, PreferNoSchedule or NoEx',
  ],
  ['tolerations: [{ key: a, efect: x }]', 'has efect, and a toleration has key, operator, value, effect'],
  ['tolerations: [{ operator: Equal }]', 'needs a key, or operator: Exists'],
  ['resources: { redis: { limit: {} } }', 'kubernetes.resources.redis.limit must be requests or limits'],
  [
    'resources: { redis: { requests: { cpus: 1 } } }',
    'kubernetes.resources.redis.requests.cpus is not known here',
  ],
  [
    'resources: { app: { limits: { memory: 1GB } } }',
    'kubernetes.resources.app.limits.memory must be an amount',
  ],
  ['resources: { apps: {} }', 'kubernetes.resources.apps is not known\n      did you mean app?'],
]

describe('the Kubernetes part of a spec', () => {
  for (const [line, expected] of mistakes) {
    test(`${line}: ${expected.slice(0, 60)}`, () => {
      const said = problemsOf(inSection(line))
      assert.ok(said.includes(expected), said)
    })
  }

  const together: readonly (readonly [name: string, text: string, expected: string])[] = [
    ['a name that no object can have', 'name: shop-', '1:7: name must not end with a dash'],
    ['a program that is no image', 'app: { command: ./run }', 'app.command runs on this machine only'],
    [
      'an image without a path for its health',
      inSection('appImage: shop:1'),
      'nothing says which path tells',
    ],
    [
      'two passwords',
      `redis: { password: { env: A } }\n${inSection('existingSecret: a')}`,
      'redis.password has no effect beside kubernetes.existingSecret',
    ],
    [
      'one port twice in a pod',
      'app: { port: 6380 }\ngateway: { listen: "127.0.0.9:6379" }',
      'app.port is 6380, where the gateway beside',
    ],
    [
      'a port of nothing',
      `kubernetes:\n  serviceType: ClusterIP\n  nodePort: 30000\n`,
      '3:13: kubernetes.nodePort is of no use',
    ],
    [
      "the cluster's own namespace",
      `kubernetes:\n  namespace: default\n  createNamespace: true\n`,
      'kubernetes.createNamespace would change the namespace default',
    ],
  ]
  for (const [name, text, expected] of together) {
    test(`${name} is a problem there, and none on one machine`, () => {
      const said = problemsOf(text)
      assert.ok(said.includes(expected), said)
      assert.equal(problemsOf(text, 'local'), '')
    })
  }

  const before = 'kubernetes: { existingRedis: { sentinels: [a, "b:26380", c] }'
  const beforeExisting: readonly (readonly [name: string, text: string, expected: string])[] = [
    [
      'Redis nodes',
      `redis: { nodes: 5 }\n${before} }`,
      '1:17: redis.nodes has no effect beside kubernetes.existingR',
    ],
    [
      'a password',
      `redis: { password: generate }\n${before} }`,
      'kubernetes.existingSecret names the Secret',
    ],
    [
      'the in-sync set',
      `gateway: { ack: in-sync }\n${before} }`,
      'gateway.ack needs Redis nodes of Holdfast',
    ],
    [
      'a database that clients do not see',
      `redis: { db: 15 }\n${before} }`,
      'clients see the databases below 15',
    ],
    [
      'a key without a Secret',
      'kubernetes: { existingRedis: { sentinels: [a], passwordKey: b } }',
      'kubernetes.existingRedis.passwordKey is a key of no Secret',
    ],
  ]
  for (const [name, text, expected] of beforeExisting) {
    test(`${name} beside an existing Redis is a problem`, () => {
      assert.ok(problemsOf(text).includes(expected), problemsOf(text))
    })
  }

  test('an existing Redis is waited for as far as it can be, and is none of the target local', () => {
    const spec = parseSpec(`${before} }`, 'a', 'kubernetes')
    assert.equal(spec.gateway.ack, 1)
    assert.deepEqual(spec.kubernetes.existingRedis, {
      sentinels: ['a', 'b:26380', 'c'],
      name: 'mymaster',
      markersDb: 15,
      passwordKey: 'password',
      sentinelPasswordKey: null,
    })
    assert.equal(parseSpec(`gateway: { ack: 4 }\n${before} }`, 'a', 'kubernetes').gateway.ack, 4)
    assert.match(
      problemsOf(`${before} }`, 'local'),
      /1:30: kubernetes.existingRedis is of the target kubernetes.*docs\/standalone\.md/s,
    )
  })

  test('ports that collide on one machine only are none in pods', () => {
    const text = 'app: { port: 8080 }\nfrontDoor: { listen: "0.0.0.0:8080" }'
    assert.equal(problemsOf(text), '')
    assert.match(problemsOf(text, 'local'), /where the front door listens/)
  })

  test('the target of the command line is taken instead of that of the text', () => {
    assert.equal(parseSpec('target: kubernetes', 'a').target, 'kubernetes')
    assert.equal(parseSpec('target: kubernetes', 'a', 'local').target, 'local')
  })

  test('the namespace is the deployment’s own, and made, unless one is named', () => {
    const settingsOf = (text: string) => {
      const { namespace, createNamespace } = parseSpec(text, 'a', 'kubernetes').kubernetes
      return [namespace, createNamespace]
    }
    assert.deepEqual(settingsOf('name: shop'), ['shop', true])
    assert.deepEqual(settingsOf('kubernetes: { namespace: web }'), ['web', false])
    assert.deepEqual(settingsOf('kubernetes: { namespace: web, createNamespace: true }'), ['web', true])
  })

  test('what is written of resources replaces the default of that part alone', () => {
    const { resources } = parseSpec(
      inSection('resources: { redis: { limits: { cpu: 2, memory: 1Gi } } }'),
      'a',
    ).kubernetes
    assert.deepEqual(resources.redis, { requests: {}, limits: { cpu: '2', memory: '1Gi' } })
    assert.deepEqual(resources.app.requests, { cpu: '50m', memory: '128Mi' })
  })
})
