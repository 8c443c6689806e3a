import type * as client from '@kubernetes/client-node'

/**
 * What the client's classes describe, as plain data in the words of the API: `from` where the class has `_from`, since that is a word
 * of its language. Only types are taken from the client: nothing of it is loaded.
 */
type Plain<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Plain<Item>[]
    : T extends object
      ? { readonly [Key in keyof T as Key extends `_${infer Name}` ? Name : Key]: Plain<T[Key]> }
      : T

export type ConfigMap = Plain<client.V1ConfigMap>
export type Container = Plain<client.V1Container>
export type Deployment = Plain<client.V1Deployment>
export type EnvVar = Plain<client.V1EnvVar>
export type ContainerStatus = Plain<client.V1ContainerStatus>
export type CoreEvent = Plain<client.CoreV1Event>
export type Lease = Plain<client.V1Lease>
export type Machine = Plain<client.V1Node>
export type Namespace = Plain<client.V1Namespace>
export type NetworkPolicy = Plain<client.V1NetworkPolicy>
export type NetworkPolicyIngressRule = Plain<client.V1NetworkPolicyIngressRule>
export type ObjectMeta = Plain<client.V1ObjectMeta>
export type PersistentVolumeClaim = Plain<client.V1PersistentVolumeClaim>
export type Pod = Plain<client.V1Pod>
export type PodDisruptionBudget = Plain<client.V1PodDisruptionBudget>
export type PodSpec = Plain<client.V1PodSpec>
export type PodTemplateSpec = Plain<client.V1PodTemplateSpec>
export type Probe = Plain<client.V1Probe>
export type ResourceRequirements = Plain<client.V1ResourceRequirements>
export type Secret = Plain<client.V1Secret>
export type SecurityContext = Plain<client.V1SecurityContext>
export type Service = Plain<client.V1Service>
export type ServiceAccount = Plain<client.V1ServiceAccount>
export type StatefulSet = Plain<client.V1StatefulSet>
export type TopologySpreadConstraint = Plain<client.V1TopologySpreadConstraint>
export type Volume = Plain<client.V1Volume>

/** Any of the objects of a deployment. */
export interface Manifest {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMeta
}
