import type { NetworkPolicy, NetworkPolicyIngressRule, Service } from './objects.ts'
import { gatewayServiceName, objectName, type Component, type ManifestInput } from './manifest-input.ts'
import { metadata, selectorOf } from './metadata.ts'

/** Said where it is the default: older API servers' server-side apply tells ports apart by it. */
const protocol = 'TCP'

/** Gives every node a name, also one that is not ready: the others have to reach it to make it so. */
export function nodesService(input: ManifestInput): Service {
  const [node] = input.topology.nodes
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(input, objectName(input, 'redis'), 'redis'),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selectorOf(input, 'redis'),
      ports: [
        { name: 'redis', protocol, port: node?.redisPort ?? 0, targetPort: 'redis' },
        { name: 'sentinel', protocol, port: node?.sentinelPort ?? 0, targetPort: 'sentinel' },
        { name: 'agent', protocol, port: node?.agentPort ?? 0, targetPort: 'agent' },
      ],
    },
  }
}

export function gatewayService(input: ManifestInput): Service {
  const { name, gateway, kubernetes } = input.topology
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(input, gatewayServiceName(name, kubernetes), 'gateway'),
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(input, 'gateway'),
      ports: [{ name: 'redis', protocol, port: gateway.port, targetPort: 'redis' }],
    },
  }
}

/** The front door. */
export function appService(input: ManifestInput): Service {
  const { frontDoor, kubernetes } = input.topology
  const { nodePort } = kubernetes
  const port = { name: 'http', protocol, port: frontDoor.port, targetPort: 'http' }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(input, objectName(input, 'app'), 'app', kubernetes.serviceAnnotations),
    spec: {
      type: kubernetes.serviceType,
      selector: selectorOf(input, 'app'),
      ports: [nodePort === null ? port : { ...port, nodePort }],
    },
  }
}

/** Redis and Sentinel only for nodes and gateways; the gateways for their namespace; the application for everybody. */
export function networkPolicies(input: ManifestInput): NetworkPolicy[] {
  const from = (...components: Component[]) =>
    components.map((component) => ({ podSelector: { matchLabels: selectorOf(input, component) } }))
  const ports = (...names: string[]) => names.map((port) => ({ protocol, port }))
  const namespace = [{ podSelector: {} }]
  const nodes = policy(input, 'redis', [
    { from: from('redis'), ports: ports('redis', 'sentinel', 'agent') },
    { from: from('gateway', 'app'), ports: ports('redis', 'sentinel') },
  ])
  return [
    ...(input.topology.kubernetes.existingRedis === null ? [nodes] : []),
    policy(input, 'gateway', [{ from: namespace, ports: ports('redis', 'admin') }]),
    policy(input, 'app', [{ ports: ports('http') }, { from: namespace, ports: ports('admin') }]),
  ]
}

function policy(
  input: ManifestInput,
  component: Component,
  ingress: readonly NetworkPolicyIngressRule[],
): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(input, objectName(input, component), component),
    spec: {
      podSelector: { matchLabels: selectorOf(input, component) },
      policyTypes: ['Ingress'],
      ingress,
    },
  }
}
