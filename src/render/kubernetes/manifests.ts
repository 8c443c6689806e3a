import type { Manifest } from './objects.ts'
import { configMap, namespace, secret, serviceAccount } from './access.ts'
import { configurationOf } from './configuration.ts'
import { disruptionBudget } from './disruption.ts'
import type { ManifestInput } from './manifest-input.ts'
import { appService, gatewayService, networkPolicies, nodesService } from './network.ts'
import { gateways, instances, nodes } from './workloads.ts'

/** Every object of a deployment, in an order in which each finds what it needs. The same input gives the same objects. */
export function manifests(input: ManifestInput): readonly Manifest[] {
  const { secrets, topology } = input
  const configuration = configurationOf(input)
  const hasNodes = topology.kubernetes.existingRedis === null
  const hasGateways = topology.kubernetes.gateways > 0
  const access: Manifest[] = [serviceAccount(input), configMap(input, configuration)]
  return [
    ...(topology.kubernetes.createNamespace ? [namespace(input)] : []),
    ...access,
    ...(secrets === null ? [] : [secret(input, secrets)]),
    ...networkPolicies(input),
    ...(hasNodes ? [nodesService(input)] : []),
    ...(hasGateways ? [gatewayService(input)] : []),
    appService(input),
    ...(hasNodes ? [disruptionBudget(input, 'redis')] : []),
    ...(hasGateways ? [disruptionBudget(input, 'gateway')] : []),
    disruptionBudget(input, 'app'),
    ...(hasNodes ? [nodes(input, configuration)] : []),
    ...(hasGateways ? [gateways(input, configuration)] : []),
    instances(input, configuration),
  ]
}
