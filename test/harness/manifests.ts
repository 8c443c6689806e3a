import { createHash } from 'node:crypto'
import { parseAllDocuments } from 'yaml'
import { makesSecret, type ManifestInput } from '../../src/render/kubernetes/manifest-input.ts'
import { manifests } from '../../src/render/kubernetes/manifests.ts'
import { manifestYaml } from '../../src/render/kubernetes/yaml.ts'
import { parseSpec } from '../../src/spec/parse.ts'
import { buildTopology } from '../../src/topology/build.ts'
import { onKubernetes } from '../../src/topology/kubernetes.ts'

export const plantedSecrets = { password: 'planted password', internal: 'planted internal' }

export function manifestInput(
  spec: string,
  secrets: ManifestInput['secrets'] = plantedSecrets,
): ManifestInput {
  const parsed = parseSpec(spec, 'holdfast.yaml', 'kubernetes')
  return {
    topology: onKubernetes(buildTopology(parsed, '/'), parsed.kubernetes),
    secrets: makesSecret(parsed.kubernetes) ? secrets : null,
    version: '1.2.3',
    digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 16),
  }
}

export function renderedYaml(spec: string): string {
  return manifestYaml(manifests(manifestInput(spec)))
}

/** An object as it is read back, loosely typed: tests look at what the API server gets. */
export interface ReadObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: ReadSpec
}

interface ReadSpec {
  readonly replicas?: number
  readonly template?: { readonly metadata: ReadObject['metadata']; readonly spec: ReadPod }
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly ingress?: readonly {
    readonly from?: readonly ReadSpec[]
    readonly ports: readonly { port: string }[]
  }[]
}

export interface ReadPod {
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly automountServiceAccountToken: boolean
  readonly topologySpreadConstraints: readonly { topologyKey: string; whenUnsatisfiable: string }[]
  readonly containers: readonly ReadContainer[]
}

export interface ReadContainer {
  readonly name: string
  readonly image: string
  readonly args?: readonly string[]
  readonly env?: readonly { name: string; value?: string; valueFrom?: unknown }[]
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly livenessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } }
  readonly readinessProbe: { readonly httpGet: { readonly path: string }; readonly timeoutSeconds: number }
}

/** @param version of YAML: kubectl reads 1.1, others 1.2 */
export function readObjects(yaml: string, version: '1.1' | '1.2' = '1.1'): readonly ReadObject[] {
  const documents = parseAllDocuments(yaml, { version })
  if (!Array.isArray(documents)) throw new Error('there is nothing in it')
  return documents.map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    return document.toJS() as ReadObject
  })
}
