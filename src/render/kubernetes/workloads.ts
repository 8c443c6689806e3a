import type { Deployment, PodTemplateSpec, StatefulSet } from './objects.ts'
import type { Configuration } from './configuration.ts'
import {
  appContainer,
  gatewayBeside,
  gatewayContainer,
  lingerSeconds,
  nodeContainer,
  volumes,
} from './containers.ts'
import { objectName, type Component, type ManifestInput } from './manifest-input.ts'
import { metadata, podMetadata, selectorOf } from './metadata.ts'
import { configVolume, podSpec, temporaryVolume } from './pod.ts'

/** For a switchover, a settled file, and an orderly end of both servers. */
const nodeGraceSeconds = 60
const gatewayGraceSeconds = 30

/** The Redis nodes. All start at once: which of them is primary they find out among themselves. */
export function nodes(input: ManifestInput, configuration: Configuration): StatefulSet {
  const { storageClass, storageSize } = input.topology.kubernetes
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(input, objectName(input, 'redis'), 'redis'),
    spec: {
      serviceName: objectName(input, 'redis'),
      replicas: input.topology.nodes.length,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: selectorOf(input, 'redis') },
      template: {
        metadata: podMetadata(input, 'redis', configuration.redis),
        spec: {
          ...podSpec(input, 'redis', {
            terminationGracePeriodSeconds: nodeGraceSeconds,
            containers: [nodeContainer(input)],
          }),
          volumes: [configVolume(input, 'gateway.json'), temporaryVolume()],
        },
      },
      // Can never be changed: nothing is in it that a later spec may say otherwise, but for what cannot be left out.
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: volumes.state, labels: selectorOf(input, 'redis') },
          spec: {
            accessModes: ['ReadWriteOnce'],
            ...(storageClass === null ? {} : { storageClassName: storageClass }),
            resources: { requests: { storage: storageSize } },
          },
        },
      ],
    },
  }
}

/** The instances, each with its own gateway: the application finds Redis in its own pod, and a lost pod takes only its own requests. */
export function instances(input: ManifestInput, configuration: Configuration): Deployment {
  return deployment(input, 'app', input.topology.app.instances.length, {
    metadata: podMetadata(input, 'app', configuration.app),
    spec: {
      ...podSpec(input, 'app', {
        terminationGracePeriodSeconds: lingerSeconds + 15,
        containers: [gatewayBeside(input), appContainer(input)],
      }),
      volumes: [configVolume(input, 'beside.json'), temporaryVolume()],
    },
  })
}

/** For other clients of the namespace. */
export function gateways(input: ManifestInput, configuration: Configuration): Deployment {
  return deployment(input, 'gateway', input.topology.kubernetes.gateways, {
    metadata: podMetadata(input, 'gateway', configuration.gateway),
    spec: {
      ...podSpec(input, 'gateway', {
        terminationGracePeriodSeconds: gatewayGraceSeconds,
        containers: [gatewayContainer(input)],
      }),
      volumes: [configVolume(input, 'gateway.json'), temporaryVolume()],
    },
  })
}

function deployment(
  input: ManifestInput,
  component: Component,
  replicas: number,
  template: PodTemplateSpec,
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(input, objectName(input, component), component),
    spec: {
      replicas,
      selector: { matchLabels: selectorOf(input, component) },
      // A new one is there before an old one goes.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template,
    },
  }
}
