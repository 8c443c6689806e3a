import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Machine } from '../../../render/kubernetes/objects.ts'
import { commandText, fullName, hasRegistry, loadCommand, saveCommand } from './commands.ts'
import { ownCluster, type OwnCluster } from './own-cluster.ts'

function machine(name: string, providerID = '', labels: Readonly<Record<string, string>> = {}): Machine {
  return { metadata: { name, labels }, spec: { providerID } }
}

function recognise(context: string, machines: readonly Machine[], hostName = 'vm'): OwnCluster | null {
  return ownCluster({ context, machines, hostName })
}

describe('a cluster is recognised', () => {
  test('by what its machines say, whatever the context is called', () => {
    const minikube = machine('shop', '', { 'minikube.k8s.io/name': 'shop' })
    assert.deepEqual(recognise('anything', [minikube]), { maker: 'minikube', profile: 'shop' })
    assert.deepEqual(recognise('anything', [machine('a', 'kind://docker/shop/shop-control-plane')]), {
      maker: 'kind',
      cluster: 'shop',
      provider: 'docker',
    })
    assert.deepEqual(recognise('anything', [machine('k3d-my-shop-server-0', 'k3s://k3d-my-shop-server-0')]), {
      maker: 'k3d',
      cluster: 'my-shop',
    })
    assert.deepEqual(recognise('anything', [machine('docker-desktop')]), { maker: 'docker-desktop' })
  })

  test('k3s: on this machine, elsewhere, or both', () => {
    const [here, other] = [machine('vm', 'k3s://vm'), machine('other', 'k3s://other')]
    const k3s = (isHere: boolean, ...elsewhere: string[]) => ({ maker: 'k3s', isHere, elsewhere })
    assert.deepEqual(recognise('default', [here]), k3s(true))
    assert.deepEqual(recognise('default', [here], 'VM'), k3s(true))
    assert.deepEqual(recognise('prod', [other]), k3s(false, 'other'))
    assert.deepEqual(recognise('prod', [here, other]), k3s(true, 'other'))
    const withCloudProvider = {
      ...machine('vm', 'hcloud://1'),
      status: { nodeInfo: { kubeletVersion: 'v1.31.4+k3s1' } },
    } as Machine
    assert.deepEqual(recognise('default', [withCloudProvider]), k3s(true))
  })

  test('a cloud’s is none of them, even if its context is called like one', () => {
    for (const providerID of [
      'aws:///eu-central-1a/i-1',
      'gce://shop/europe-west3-a/a',
      'azure:///subscriptions/1',
      '',
    ])
      for (const context of ['minikube', 'kind-shop', 'default', 'prod'])
        assert.equal(recognise(context, [machine('a', providerID)]), null)
  })

  test('by its context where nobody may look at machines', () => {
    assert.deepEqual(recognise('minikube', []), { maker: 'minikube', profile: 'minikube' })
    assert.deepEqual(recognise('kind-a-b', []), { maker: 'kind', cluster: 'a-b', provider: 'docker' })
    assert.deepEqual(recognise('k3d-a', []), { maker: 'k3d', cluster: 'a' })
    assert.equal(recognise('default', []), null)
  })
})

describe('the commands', () => {
  const loads: readonly (readonly [own: OwnCluster, expected: string | null])[] = [
    [{ maker: 'minikube', profile: 'shop' }, 'minikube --profile shop image load /a.tar'],
    [{ maker: 'kind', cluster: 'shop', provider: 'docker' }, 'kind load image-archive /a.tar --name shop'],
    [
      { maker: 'kind', cluster: 'shop', provider: 'podman' },
      'KIND_EXPERIMENTAL_PROVIDER=podman kind load image-archive /a.tar --name shop',
    ],
    [{ maker: 'k3d', cluster: 'shop' }, 'k3d image import /a.tar --cluster shop'],
    [{ maker: 'k3s', isHere: true, elsewhere: [] }, 'k3s ctr images import /a.tar'],
    [{ maker: 'docker-desktop' }, null],
  ]
  for (const [own, expected] of loads) {
    test(`load into ${own.maker}`, () => {
      const command = loadCommand(own, '/a.tar')
      assert.equal(command === null ? null : commandText(command), expected)
    })
  }

  test('archives have the name that a kubelet looks for', () => {
    const save = (builder: 'docker' | 'podman' | 'buildah', image: string) =>
      commandText(saveCommand(builder, image, '/a.tar'))
    assert.equal(save('docker', 'devops/counter:1'), 'docker save --output /a.tar devops/counter:1')
    const archive = 'docker-archive:/a.tar:docker.io/devops/counter:1'
    assert.equal(save('podman', 'devops/counter:1'), `podman push devops/counter:1 ${archive}`)
    assert.equal(save('buildah', 'devops/counter:1'), `buildah push devops/counter:1 ${archive}`)
  })

  test('a name says whether there is a registry', () => {
    for (const image of ['registry.example.com/a/b:1', 'registry:5000/a', 'localhost:5000/a'])
      assert.ok(hasRegistry(image), image)
    for (const image of ['devops/counter:1', 'counter:1', 'localhost/devops/counter:1', 'a/b/c'])
      assert.ok(!hasRegistry(image), image)
    assert.equal(fullName('counter:1'), 'docker.io/library/counter:1')
    assert.equal(fullName('devops/counter:1'), 'docker.io/devops/counter:1')
    assert.equal(fullName('registry.example.com/a:1'), 'registry.example.com/a:1')
    assert.equal(fullName('localhost/a:1'), 'localhost/a:1')
  })
})
