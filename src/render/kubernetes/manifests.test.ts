import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { assertGolden } from '../../../test/harness/golden.ts'
import { schemaProblems } from '../../../test/harness/kubernetes-schema.ts'
import {
  manifestInput,
  plantedSecrets,
  readObjects,
  renderedYaml,
  type ReadContainer,
  type ReadObject,
} from '../../../test/harness/manifests.ts'
import { manifests } from './manifests.ts'
import { manifestYaml } from './yaml.ts'

const everything = `
name: shop
app: { health: /health, instances: 5, port: 3000, env: { FLAG: "yes", PRICE: "$5", TIME: "1:30" } }
redis: { nodes: 5, maxmemory: 1gb, db: 2 }
gateway: { hold: 4s }
frontDoor: { listen: "0.0.0.0:80" }
kubernetes:
  namespace: web
  clusterDomain: cluster.example
  image: registry.example.com:5000/holdfast:7
  imagePullPolicy: Always
  imagePullSecrets: [registry]
  appImage: registry.example.com/shop@sha256:${'ab'.repeat(32)}
  existingSecret: shop-redis
  serviceType: NodePort
  nodePort: 30080
  serviceAnnotations: { example.com/lb: internal }
  gateways: 3
  storageClass: fast
  storageSize: 50Gi
  spread: preferred
  nodeSelector: { disktype: ssd }
  tolerations: [{ key: dedicated, operator: Equal, value: redis, effect: NoSchedule }]
  priorityClass: high
  labels: { example.com/team: shop }
  annotations: { example.com/contact: shop@example.com }
  resources:
    redis: { requests: { cpu: 1, memory: 2Gi }, limits: { memory: 4Gi } }
`
const specs: Readonly<Record<string, string>> = {
  default: '',
  everything,
  'no gateways for others': 'kubernetes: { gateways: 0, serviceType: ClusterIP }',
}

function objectsOf(spec: string): readonly ReadObject[] {
  return readObjects(renderedYaml(spec))
}

function find(objects: readonly ReadObject[], kind: string, name: string): ReadObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  return found ?? assert.fail(`there is no ${kind} ${name}`)
}

function containers(objects: readonly ReadObject[]): readonly ReadContainer[] {
  return objects.flatMap(({ spec }) => spec?.template?.spec.containers ?? [])
}

describe('manifests', () => {
  for (const [name, file] of [
    ['default', 'kubernetes-default.golden'],
    ['everything', 'kubernetes-everything.golden'],
  ] as const) {
    test(`${name}: as agreed, and the same every time`, () => {
      assertGolden(file, renderedYaml(specs[name] ?? ''))
      assert.equal(renderedYaml(specs[name] ?? ''), renderedYaml(specs[name] ?? ''))
    })
  }

  for (const [name, spec] of Object.entries(specs)) {
    test(`${name}: a current Kubernetes knows every field`, () => {
      assert.deepEqual(objectsOf(spec).flatMap(schemaProblems), [])
    })

    test(`${name}: no pod asks for more than the restricted standard allows`, () => {
      for (const { spec: workload } of objectsOf(spec)) {
        const pod = workload?.template?.spec
        if (pod === undefined) continue
        assert.equal(pod.securityContext.runAsNonRoot, true)
        assert.deepEqual(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' })
        assert.equal(pod.automountServiceAccountToken, false)
        for (const { securityContext } of pod.containers) {
          assert.equal(securityContext.allowPrivilegeEscalation, false)
          assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] })
        }
      }
    })

    test(`${name}: no two objects have one name, and all are in the namespace`, () => {
      const objects = objectsOf(spec)
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      assert.equal(new Set(names).size, names.length)
      const namespaces = objects.flatMap(({ metadata }) => metadata.namespace ?? [])
      assert.equal(new Set(namespaces).size, 1)
      assert.equal(namespaces.length, objects.filter(({ kind }) => kind !== 'Namespace').length)
    })
  }

  test('the check against the schema sees what is wrong', () => {
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: '3', template: { specs: {} } },
    }
    assert.deepEqual(schemaProblems(object), [
      'spec.replicas: must be a number',
      'spec.template.specs: is not known',
    ])
  })

  test('secrets are in the Secret and nowhere else', () => {
    const objects = objectsOf('')
    const { password = '', internal = '' } = find(objects, 'Secret', 'counter').data ?? {}
    assert.equal(atob(password), plantedSecrets.password)
    assert.equal(atob(internal), plantedSecrets.internal)
    const rest = JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'))
    for (const secret of [...Object.values(plantedSecrets), password, internal])
      assert.ok(!rest.includes(secret))
  })

  test('a password may have any letters', () => {
    const input = manifestInput('', { password: 'пароль "1" $x', internal: 'b' })
    const secret = find(readObjects(manifestYaml(manifests(input))), 'Secret', 'counter')
    assert.equal(Buffer.from(secret.data?.password ?? '', 'base64').toString('utf8'), 'пароль "1" $x')
  })

  test('a Secret that exists is used, and none is made', () => {
    const objects = objectsOf(everything)
    assert.deepEqual(
      objects.filter(({ kind }) => kind === 'Secret'),
      [],
    )
    assert.match(JSON.stringify(find(objects, 'Deployment', 'shop')), /"secretKeyRef":{"name":"shop-redis"/)
  })

  test('a namespace of its own is made, one that was named is not touched', () => {
    assert.equal(objectsOf('name: shop').filter(({ kind }) => kind === 'Namespace').length, 1)
    assert.equal(
      objectsOf('kubernetes: { namespace: web }').filter(({ kind }) => kind === 'Namespace').length,
      0,
    )
  })

  test('the application finds its Redis in its own pod, and the image runs as it is', () => {
    const [gateway, app] =
      find(objectsOf(everything), 'Deployment', 'shop').spec?.template?.spec.containers ?? []
    const env = Object.fromEntries((app?.env ?? []).map(({ name, value }) => [name, value]))
    assert.equal(gateway?.name, 'gateway')
    assert.equal(app?.args, undefined)
    assert.deepEqual(
      [env.REDIS_HOST, env.REDIS_PORT, env.REDIS_DB, env.PORT, env.HOST],
      ['127.0.0.1', '6379', '2', '3000', '0.0.0.0'],
    )
    assert.deepEqual([env.FLAG, env.TIME, env.PRICE], ['yes', '1:30', '$$5'], 'Kubernetes makes $$ into $')
  })

  test('nothing kills a Redis that loads, or an application that waits for a primary', () => {
    for (const { name, livenessProbe, readinessProbe } of containers(objectsOf('gateway: { hold: 15s }'))) {
      if (name === 'app') assert.equal(livenessProbe, undefined)
      else assert.equal(livenessProbe?.httpGet.path, '/live')
      if (name === 'app') assert.ok(readinessProbe.timeoutSeconds > 15)
    }
  })

  test('Redis and Sentinel are for nodes and gateways only', () => {
    const { spec } = find(objectsOf(''), 'NetworkPolicy', 'counter-redis')
    const allowed = (spec?.ingress ?? []).flatMap(({ from = [], ports }) =>
      from.map(({ podSelector }) => [
        podSelector?.matchLabels['app.kubernetes.io/component'],
        ports.map(({ port }) => port).join(' '),
      ]),
    )
    assert.deepEqual(allowed, [
      ['redis', 'redis sentinel agent'],
      ['gateway', 'redis sentinel'],
      ['app', 'redis sentinel'],
    ])
  })

  test('no two Redis nodes on one machine, and none pending where there is one machine', () => {
    const constraintsOf = (spec: string) =>
      find(
        objectsOf(spec),
        'StatefulSet',
        'counter-redis',
      ).spec?.template?.spec.topologySpreadConstraints.map(
        ({ topologyKey, whenUnsatisfiable }) => `${topologyKey} ${whenUnsatisfiable}`,
      )
    const zone = 'topology.kubernetes.io/zone ScheduleAnyway'
    assert.deepEqual(constraintsOf(''), ['kubernetes.io/hostname DoNotSchedule', zone])
    assert.deepEqual(constraintsOf('kubernetes: { spread: preferred }'), [
      'kubernetes.io/hostname ScheduleAnyway',
      zone,
    ])
  })

  test('an image without a tag has the tag of this version', () => {
    const imageOf = (image: string) => containers(objectsOf(`kubernetes: { image: "${image}" }`))[0]?.image
    assert.equal(imageOf('devops/counter'), 'devops/counter:1.2.3')
    assert.equal(imageOf('registry:5000/counter'), 'registry:5000/counter:1.2.3')
    assert.equal(imageOf('registry:5000/counter:7'), 'registry:5000/counter:7')
  })

  test('pods are replaced by what they have to take up, and by nothing else', () => {
    const hashes = (spec: string) =>
      Object.fromEntries(
        objectsOf(spec).flatMap(({ metadata, spec: workload }) =>
          workload?.template === undefined
            ? []
            : [[metadata.name, workload.template.metadata.annotations?.['holdfast/configuration']]],
        ),
      )
    const before = hashes('')
    assert.deepEqual(hashes('app: { instances: 9 }'), before)
    const held = hashes('gateway: { hold: 3s }')
    assert.equal(held['counter-redis'], before['counter-redis'])
    assert.notEqual(held['counter-gateway'], before['counter-gateway'])
    assert.notEqual(held.counter, before.counter)
    assert.notEqual(hashes('redis: { maxmemory: 1gb }')['counter-redis'], before['counter-redis'])
  })

  test('either version of YAML reads the same texts', () => {
    const text = fc.oneof(
      fc.constantFrom(
        'yes',
        'off',
        'y',
        '~',
        'null',
        '0o17',
        '017',
        '1:30',
        '1_000',
        '.inf',
        '<<',
        '=',
        '2026-01-01',
      ),
      fc.string({ unit: 'binary', maxLength: 30 }).filter((value) => !value.includes('\0')),
    )
    fc.assert(
      fc.property(text, (value) => {
        const { topology, ...rest } = manifestInput('')
        const app = { ...topology.app, env: { VALUE: value } }
        const yaml = manifestYaml(manifests({ ...rest, topology: { ...topology, app } }))
        for (const version of ['1.1', '1.2'] as const) {
          const [, container] =
            find(readObjects(yaml, version), 'Deployment', 'counter').spec?.template?.spec.containers ?? []
          assert.equal(container?.env?.[0]?.value, value.replaceAll('$', '$$$$'))
        }
      }),
      { numRuns: 40 },
    )
  })
})
