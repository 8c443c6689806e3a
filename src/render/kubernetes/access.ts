import type { ConfigMap, Namespace, Secret, ServiceAccount } from './objects.ts'
import { toBase64 } from './base64.ts'
import type { Configuration } from './configuration.ts'
import { secretName, type ManifestInput } from './manifest-input.ts'
import { labelsOf, metadata } from './metadata.ts'

/** Pods that ask for more than they need are refused in it: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export function namespace(input: ManifestInput): Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: input.topology.kubernetes.namespace,
      labels: { ...labelsOf(input, null), 'pod-security.kubernetes.io/enforce': 'restricted' },
    },
  }
}

/** Without a token: nothing here speaks to the API server. */
export function serviceAccount(input: ManifestInput): ServiceAccount {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(input, input.topology.name, null),
    automountServiceAccountToken: false,
  }
}

/** Immutable, so that nobody who rendered other secrets can replace those that the nodes run with. */
export function secret(
  input: ManifestInput,
  secrets: { readonly password: string; readonly internal: string },
): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(input, secretName(input), null),
    type: 'Opaque',
    immutable: true,
    data: { password: toBase64(secrets.password), internal: toBase64(secrets.internal) },
  }
}

export function configMap(input: ManifestInput, { files }: Configuration): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(input, input.topology.name, null),
    data: files,
  }
}
