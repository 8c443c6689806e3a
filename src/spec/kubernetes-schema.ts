import * as z from 'zod'

import { existingRedis } from './existing-redis-schema.ts'
import { field } from './field.ts'
import { wholeNumber } from './fields.ts'
import {
  annotations,
  contexts,
  dnsLabel,
  dnsName,
  dnsNames,
  image,
  labels,
  labelsSought,
  resources,
  storageQuantity,
  tolerations,
} from './kubernetes-fields.ts'
import { defaultKubernetesSettings, pullPolicies, serviceTypes, spreads } from './kubernetes-settings.ts'
import { orList } from './or-list.ts'

const quoted = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ')
const choice = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, `must be ${orList(words)}`)

const amounts =
  '`requests` and `limits`, each with any of `cpu`, `memory`, `ephemeral-storage`, in Kubernetes’ notation'
const defaults = defaultKubernetesSettings.resources

function resourcesOf(part: keyof typeof defaults, description: string) {
  const { cpu = '', memory = '' } = defaults[part].requests
  return field(resources().optional(), {
    description: `${description} What is written replaces the default as a whole.`,
    accepts: amounts,
    default: `requests of ${cpu} CPU and ${memory} memory, no limits`,
    example: '{ requests: { cpu: 250m, memory: 512Mi }, limits: { memory: 2Gi } }',
  })
}

export const kubernetesResources = z.strictObject({
  redis: resourcesOf(
    'redis',
    'Of each Redis node. A memory limit must leave room for the data twice: a rewrite of the append-only file copies what changes meanwhile.',
  ),
  gateway: resourcesOf(
    'gateway',
    'Of each gateway, also those beside the instances. `gateway.limits` says how much one may hold.',
  ),
  app: resourcesOf('app', 'Of each instance of the application.'),
})

export const kubernetes = z.strictObject({
  context: field(contexts().optional(), {
    description:
      'The contexts of the kubeconfig that commands may work with; of several the current one, or `--context`. Nothing else is ever touched. Left out: ' +
      'only clusters of this machine (minikube, docker-desktop, kind-…, k3d-…, and `default`, as k3s calls its own).',
    accepts: 'a list of names',
    default: '[] (clusters of this machine)',
    example: '[prod]',
  }),
  namespace: field(dnsLabel().optional(), {
    description: 'The namespace of everything.',
    accepts: 'the name of a namespace',
    default: "the deployment's `name`",
    example: 'shop',
  }),
  createNamespace: field(z.boolean('must be true or false').optional(), {
    description:
      'Whether the namespace is one of the manifests, with the label that enforces restricted pod security in it. Not for one that others share.',
    accepts: '`true` or `false`',
    default: '`true` where `namespace` is left out, else `false`',
    example: 'true',
  }),
  clusterDomain: field(dnsName().optional(), {
    description: "The cluster's DNS domain: Redis nodes are known by full names.",
    accepts: 'a domain',
    default: 'cluster.local',
    example: 'cluster.local',
  }),
  image: field(image().optional(), {
    description:
      "Holdfast's own image, which runs every role. Without a tag or digest the tag is Holdfast's version.",
    accepts: 'the name of an image',
    default: 'devops/counter',
    example: 'registry.example.com/devops/counter',
  }),
  imagePullPolicy: field(choice(pullPolicies).optional(), {
    description: 'When images are pulled.',
    accepts: quoted(pullPolicies),
    default: 'IfNotPresent',
    example: 'IfNotPresent',
  }),
  imagePullSecrets: field(dnsNames().optional(), {
    description: 'Secrets of the namespace with the credentials of registries.',
    accepts: 'a list of names',
    default: '[] (none)',
    example: '[registry-credentials]',
  }),
  appImage: field(image().optional(), {
    description:
      "The application's own image, which runs as it is, as a user of its own that is not root: `app.command` and `app.directory` are " +
      'of the target `local`. Left out: the bundled counter. It needs `sleep`, so that it is not told to end before nobody is sent to it any more.',
    accepts: 'the name of an image',
    default: 'the bundled counter',
    example: 'registry.example.com/shop/web:1.2',
  }),
  existingSecret: field(dnsName().optional(), {
    description:
      "A Secret of the namespace that somebody else makes, with the keys `password` (what applications authenticate with) and `internal` (between Holdfast's own parts: another one, long and random, of letters and digits). No Secret is among the manifests then. Beside `kubernetes.existingRedis` it has the keys that are named there.",
    accepts: 'the name of a Secret',
    default: 'one is made',
    example: 'shop-redis',
  }),
  serviceType: field(choice(serviceTypes).optional(), {
    description:
      'How clients outside of the cluster reach the application, at the port of `frontDoor.listen`.',
    accepts: quoted(serviceTypes),
    default: 'LoadBalancer',
    example: 'NodePort',
  }),
  nodePort: field(wholeNumber(1, 65_535).optional(), {
    description: 'The port on every machine of the cluster, for `NodePort` and `LoadBalancer`.',
    accepts: "a port of the cluster's range, usually 30000 to 32767",
    default: 'the cluster chooses',
    example: '30080',
  }),
  serviceAnnotations: field(annotations().optional(), {
    description: "Annotations of the application's Service: what a cloud's load balancer is told.",
    accepts: 'names with texts',
    default: '{} (none)',
    example: '{ service.beta.kubernetes.io/aws-load-balancer-type: nlb }',
  }),
  gateways: field(wholeNumber(0, 64).optional(), {
    description:
      'How many gateways there are for other clients of the namespace, behind the Service `redis` (before an existing Redis `<name>-gateway`, since ' +
      'that may have a Service of this name). Instances have their own. 0: no such Service.',
    accepts: 'a whole number from 0 to 64',
    default: '2',
    example: '2',
  }),
  storageClass: field(dnsName().optional(), {
    description: "The class of the Redis nodes' volumes. It cannot be changed later.",
    accepts: 'the name of a storage class',
    default: "the cluster's default class",
    example: 'gp3',
  }),
  storageSize: field(storageQuantity().optional(), {
    description:
      'The size of the volume of each Redis node: three times the data or more, since the append-only file grows before it is written anew. It cannot be changed later.',
    accepts: 'an amount in Kubernetes’ notation',
    default: '10Gi',
    example: '20Gi',
  }),
  spread: field(choice(spreads).optional(), {
    description:
      'How Redis nodes are kept on different machines. `required`: no two on one machine while another has none; a cluster of one machine takes ' +
      'all. `zones`: nor two in one zone while another has none (every machine that takes one needs the label `topology.kubernetes.io/zone`, as ' +
      'clouds set it); `required` only prefers that. `preferred`: where one finds no room elsewhere it goes beside another. A machine that takes no pods (a tainted control plane) ' +
      'counts as one that has none: in a cluster of fewer other machines than Redis nodes use `preferred`.',
    accepts: quoted(spreads),
    default: 'required',
    example: 'preferred',
  }),
  nodeSelector: field(labelsSought().optional(), {
    description: 'Labels of the machines that take the pods.',
    accepts: 'names with texts',
    default: '{} (any machine)',
    example: '{ disktype: ssd }',
  }),
  tolerations: field(tolerations().optional(), {
    description: 'Taints of machines that keep none of the pods away.',
    accepts: 'a list of tolerations, as Kubernetes has them',
    default: '[] (none)',
    example: '[{ key: dedicated, operator: Equal, value: redis, effect: NoSchedule }]',
  }),
  priorityClass: field(dnsName().optional(), {
    description: 'The priority class of the pods.',
    accepts: 'the name of a priority class',
    default: 'none',
    example: 'high-priority',
  }),
  labels: field(labels().optional(), {
    description: 'Further labels of every object and pod, but not of volumes, which could not be changed.',
    accepts: 'names with texts',
    default: '{} (none)',
    example: '{ example.com/team: shop }',
  }),
  annotations: field(annotations().optional(), {
    description: 'Further annotations of every object and pod, but not of volumes and the namespace.',
    accepts: 'names with texts',
    default: '{} (none)',
    example: '{ example.com/contact: shop@example.com }',
  }),
  existingRedis: existingRedis.optional(),
  resources: kubernetesResources.optional(),
})
