import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertGolden } from '../../../test/harness/golden.ts'
import { schemaProblems } from '../../../test/harness/kubernetes-schema.ts'
import {
  readObjects,
  renderedYaml,
  type ReadContainer,
  type ReadObject,
} from '../../../test/harness/manifests.ts'
import { parseStandaloneOptions } from '../../cli/standalone-options.ts'
import { parseSpec } from '../../spec/parse.ts'

const examples = new URL('../../../examples/', import.meta.url)
const profiles = readdirSync(examples).filter((name) => /^kubernetes-.*\.yaml$/.test(name))
const textOf = (profile: string): string => readFileSync(new URL(profile, examples), 'utf8')
const objectsOf = (profile: string): readonly ReadObject[] => readObjects(renderedYaml(textOf(profile)))

function containerOf(objects: readonly ReadObject[], deployment: string, container: string): ReadContainer {
  const workload = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === deployment)
  const found = workload?.spec?.template?.spec.containers.find(({ name }) => name === container)
  return found ?? assert.fail(`${deployment} has no ${container}`)
}

describe('the profiles in examples/', () => {
  test('are those that the documentation names', () => {
    const documentation = readFileSync(new URL('../docs/kubernetes.md', examples), 'utf8')
    assert.ok(profiles.length >= 5)
    for (const profile of profiles) assert.ok(documentation.includes(`examples/${profile}`), profile)
  })

  for (const profile of profiles) {
    test(`${profile}: a current Kubernetes knows every field, and every pod is restricted`, () => {
      const objects = objectsOf(profile)
      assert.deepEqual(objects.flatMap(schemaProblems), [])
      for (const { spec } of objects) {
        for (const { securityContext } of spec?.template?.spec.containers ?? []) {
          assert.equal(securityContext.allowPrivilegeEscalation, false)
          assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] })
        }
      }
    })
  }

  for (const [profile, storageClass, annotation] of [
    ['kubernetes-eks.yaml', 'gp3', 'aws-load-balancer-type'],
    ['kubernetes-gke.yaml', 'premium-rwo', 'l4-rbs'],
    ['kubernetes-aks.yaml', 'managed-csi-premium', 'azure-load-balancer-internal'],
  ] as const) {
    test(`${profile}: a node a zone, on volumes of that cloud, behind its load balancer`, () => {
      const objects = objectsOf(profile)
      const { name } = parseSpec(textOf(profile), profile)
      const nodes = objects.find(({ kind }) => kind === 'StatefulSet')
      assert.deepEqual(
        nodes?.spec?.template?.spec.topologySpreadConstraints.map(
          ({ topologyKey, whenUnsatisfiable }) => `${topologyKey} ${whenUnsatisfiable}`,
        ),
        ['kubernetes.io/hostname DoNotSchedule', 'topology.kubernetes.io/zone DoNotSchedule'],
      )
      assert.match(JSON.stringify(nodes), new RegExp(`"storageClassName":"${storageClass}"`))
      const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name)
      assert.match(JSON.stringify(service?.metadata.annotations), new RegExp(annotation))
    })
  }
})

describe('before an existing Redis', () => {
  const profile = 'kubernetes-existing-redis.yaml'

  test('as agreed', () => {
    assertGolden('kubernetes-existing-redis.golden', renderedYaml(textOf(profile)))
  })

  test('there is no Redis node, nothing that a chart may have made, and no Secret', () => {
    const names = objectsOf(profile).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    assert.deepEqual(names.toSorted(), [
      'ConfigMap counter-existing',
      'Deployment counter-existing',
      'Deployment counter-existing-gateway',
      'NetworkPolicy counter-existing',
      'NetworkPolicy counter-existing-gateway',
      'PodDisruptionBudget counter-existing',
      'PodDisruptionBudget counter-existing-gateway',
      'Service counter-existing',
      'Service counter-existing-gateway',
      'ServiceAccount counter-existing',
    ])
  })

  test('gateways are started as the role reads its arguments', () => {
    const objects = objectsOf(profile)
    const read = (deployment: string) => {
      const { args, env = [] } = containerOf(objects, deployment, 'gateway')
      const [role, ...argv] = args ?? []
      assert.equal(role, 'gateway')
      return parseStandaloneOptions({
        argv,
        env: Object.fromEntries(env.map(({ name, value }) => [name, value])),
        readFile: (path) => `content of ${path}`,
      })
    }
    const host = (index: number) => `redis-node-${String(index)}.redis-headless.cache.svc.cluster.local`
    const expected = {
      name: 'mymaster',
      sentinels: [0, 1, 2].map((index) => ({ host: host(index), port: 26_379 })),
      listen: { host: '0.0.0.0', port: 6379 },
      adminListen: { host: '0.0.0.0', port: 6380 },
      delivery: 'exactly-once',
      ack: 1,
      reads: 'confirmed',
      holdMs: 15_000,
      markersDb: 15,
      limitsFile: '/etc/holdfast/limits.yaml',
      redis: { user: 'default', password: 'content of /etc/holdfast/secrets/redis' },
      sentinel: { user: 'default', password: 'content of /etc/holdfast/secrets/sentinel' },
    }
    assert.deepEqual(read('counter-existing-gateway'), expected)
    const beside = { ...expected, listen: { host: '127.0.0.1', port: 6379 } }
    assert.deepEqual(read('counter-existing'), beside)
  })

  test('what is mounted has the names that the arguments say', () => {
    const [workload] = objectsOf(profile).filter(({ kind }) => kind === 'Deployment')
    const { volumes } = workload?.spec?.template?.spec as unknown as { volumes: readonly unknown[] }
    assert.deepEqual(volumes[0], {
      name: 'config',
      projected: {
        sources: [
          { configMap: { name: 'counter-existing', items: [{ key: 'limits.yaml', path: 'limits.yaml' }] } },
          {
            secret: {
              name: 'redis',
              items: [
                { key: 'redis-password', path: 'secrets/redis' },
                { key: 'redis-password', path: 'secrets/sentinel' },
              ],
            },
          },
        ],
      },
    })
  })

  test('the limits are a file that the gateway reads as they are in the spec', () => {
    const spec = textOf(profile).replace('ack: 1', 'ack: 1\n  limits: { sessions: 77, frame: 3mb }')
    const config = readObjects(renderedYaml(spec)).find(({ kind }) => kind === 'ConfigMap')
    const { limits } = parseSpec(config?.data?.['limits.yaml'] ?? '', 'limits.yaml').gateway
    assert.deepEqual(limits, parseSpec(spec, profile).gateway.limits)
    assert.equal(limits.sessions, 77)
  })

  test('a Redis that asks for no password has no Secret anywhere', () => {
    const objects = readObjects(renderedYaml('kubernetes: { existingRedis: { sentinels: [a, b, c] } }'))
    assert.doesNotMatch(JSON.stringify(objects), /"secret|secretKeyRef|PASSWORD_FILE/)
    const { env } = containerOf(objects, 'counter', 'app')
    assert.deepEqual(
      env?.find(({ name }) => name === 'REDIS_PASSWORD'),
      { name: 'REDIS_PASSWORD', value: '' },
    )
  })

  test('pods are replaced by other limits, and not by other commands’ knowledge', () => {
    const hash = (spec: string) =>
      readObjects(renderedYaml(spec)).flatMap(
        ({ spec: workload }) => workload?.template?.metadata.annotations?.['holdfast/configuration'] ?? [],
      )
    const existing = 'kubernetes: { existingRedis: { sentinels: [a] } }\n'
    assert.deepEqual(hash(`${existing}app: { instances: 7 }`), hash(existing))
    assert.notDeepEqual(hash(`${existing}gateway: { limits: { sessions: 5 } }`), hash(existing))
  })
})
