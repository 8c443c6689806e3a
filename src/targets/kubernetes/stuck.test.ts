import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerStatus, CoreEvent, Pod } from '../../render/kubernetes/objects.ts'
import { whyStuck, type PodSurroundings } from './stuck.ts'

const now = Date.parse('2026-01-01T00:01:00Z')

function around(more: Partial<PodSurroundings> = {}): PodSurroundings {
  return { events: [], claims: [], now, lastLines: () => [], ...more }
}

function event(kind: string, name: string, reason: string, message: string): CoreEvent {
  return { involvedObject: { kind, name }, metadata: {}, reason, message }
}

function container(state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name: 'app',
    image: 'shop/web:1',
    imageID: '',
    ready: false,
    restartCount: 0,
    ...(state === undefined ? {} : { state }),
    ...more,
  }
}

function pod(status: Pod['status'], spec?: Pod['spec']): Pod {
  return {
    metadata: { name: 'shop-1' },
    ...(status === undefined ? {} : { status }),
    ...(spec === undefined ? {} : { spec }),
  }
}

const withContainer = (...args: Parameters<typeof container>): Pod =>
  pod({ containerStatuses: [container(...args)] })
const said = (of: Pod, surroundings = around()) => whyStuck('app-0', of, surroundings)

test('nothing is wrong with one that is ready, is ending, or has only just been started', () => {
  assert.equal(said(pod({ conditions: [{ type: 'Ready', status: 'True' }] })), null)
  assert.equal(said({ metadata: { name: 'a', deletionTimestamp: 'now' }, status: {} }), null)
  assert.equal(said(withContainer({ running: { startedAt: '2026-01-01T00:00:55Z' } })), null)
})

test('an image that cannot be had', () => {
  const found = said(
    withContainer({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } }),
    around({ events: [event('Pod', 'shop-1', 'Failed', 'Failed to pull image "shop/web:1": not found')] }),
  )
  assert.equal(found?.code, 'IMAGE_PULL')
  assert.equal(
    found.message,
    'app-0 cannot get its image shop/web:1: Failed to pull image "shop/web:1": not found',
  )
  assert.ok(found.isLasting)
})

const unscheduled = (message: string): Pod =>
  pod(
    {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
    },
    { containers: [], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-shop-1' } }] },
  )

test('no machine that takes it', () => {
  const found = said(unscheduled('0/3 nodes are available: 3 Insufficient cpu.'))
  assert.equal(found?.code, 'NO_MACHINE')
  assert.match(found.message, /no machine takes app-0: 0\/3 nodes are available: 3 Insufficient cpu/)
  assert.equal(found.isLasting, false)
})

test('a volume that is not made, with the words of whoever makes it', () => {
  const claims = [{ metadata: { name: 'data-shop-1' }, status: { phase: 'Pending' } }]
  const events = [
    event('PersistentVolumeClaim', 'data-shop-1', 'ProvisioningFailed', 'storageclass "gp9" not found'),
  ]
  const found = said(
    unscheduled('0/3 nodes are available: 3 pod has unbound immediate PersistentVolumeClaims.'),
    around({ claims, events }),
  )
  assert.equal(found?.code, 'VOLUME_UNBOUND')
  assert.match(found.message, /claim data-shop-1 is not bound \(storageclass "gp9" not found\)/)
})

test('a container that ends again and again, with its last lines', () => {
  const found = said(
    withContainer(
      { waiting: { reason: 'CrashLoopBackOff' } },
      { restartCount: 4, lastState: { terminated: { exitCode: 3 } } },
    ),
    around({ lastLines: (of, name) => (of === 'shop-1' && name === 'app' ? ['no such file: main.py'] : []) }),
  )
  assert.equal(found?.code, 'CONTAINER_CRASHING')
  assert.match(
    found.message,
    /app ends with status 3 as soon as it is started \(4 times\)\. Its last lines:\n {4}no such file/,
  )
  assert.ok(found.isLasting)
})

test('a probe that fails, with the last lines of the log', () => {
  const found = said(
    withContainer({ running: { startedAt: '2026-01-01T00:00:00Z' } }),
    around({
      events: [
        event('Pod', 'shop-1', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 500'),
      ],
      lastLines: () => ['cannot connect'],
    }),
  )
  assert.equal(found?.code, 'POD_NOT_READY')
  assert.match(
    found.message,
    /app is not ready: Readiness probe failed: .*500\. Its last lines:\n {4}cannot connect/,
  )
})
