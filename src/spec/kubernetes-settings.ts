/** How clients from outside of the cluster reach the application. */
export const serviceTypes = ['LoadBalancer', 'NodePort', 'ClusterIP'] as const
export const pullPolicies = ['IfNotPresent', 'Always', 'Never'] as const
/**
 * `required`: never two Redis nodes on one machine while there are others; `zones`: nor in one zone; `preferred`: rather there than
 * nowhere.
 */
export const spreads = ['required', 'zones', 'preferred'] as const

/** Names with texts: labels, annotations, what a node must be labelled with. */
export type Texts = Readonly<Record<string, string>>

/** As Kubernetes has it: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface Toleration {
  readonly key?: string | undefined
  readonly operator?: 'Exists' | 'Equal' | undefined
  readonly value?: string | undefined
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' | undefined
  readonly tolerationSeconds?: number | undefined
}

/** Quantities as Kubernetes writes them: `250m`, `512Mi`. */
export interface Resources {
  readonly requests: Texts
  readonly limits: Texts
}

/** A Redis with Sentinel that is there already. Nothing of it is changed. */
export interface ExistingRedis {
  /** `host:port`, or a host alone. */
  readonly sentinels: readonly string[]
  /** Under which they watch the primary. */
  readonly name: string
  readonly markersDb: number
  /** Keys of `existingSecret`; without a Secret Redis asks for no password. */
  readonly passwordKey: string
  /** null: the sentinels ask for none. */
  readonly sentinelPasswordKey: string | null
}

export const existingRedisDefaults: Omit<ExistingRedis, 'sentinels'> = {
  name: 'mymaster',
  markersDb: 15,
  passwordKey: 'password',
  sentinelPasswordKey: null,
}

export interface KubernetesSettings {
  /** Contexts of the kubeconfig that commands may work with; none: only those of clusters on the own machine. */
  readonly context: readonly string[]
  readonly namespace: string
  /** Whether the namespace is one of the manifests. */
  readonly createNamespace: boolean
  readonly clusterDomain: string
  /** Without a tag or digest: the tag is Holdfast's version. */
  readonly image: string
  readonly imagePullPolicy: (typeof pullPolicies)[number]
  readonly imagePullSecrets: readonly string[]
  /** The application's own image, run as it is; null: the bundled counter, which is in Holdfast's. */
  readonly appImage: string | null
  /** A Secret with the keys `password` and `internal`; null: one is made. */
  readonly existingSecret: string | null
  /** Not null: there are no Redis nodes, and the gateways stand before this one. */
  readonly existingRedis: ExistingRedis | null
  readonly serviceType: (typeof serviceTypes)[number]
  /** null: the cluster chooses. */
  readonly nodePort: number | null
  readonly serviceAnnotations: Texts
  /** How many gateways other clients of the namespace share. */
  readonly gateways: number
  /** null: the cluster's default. */
  readonly storageClass: string | null
  readonly storageSize: string
  readonly spread: (typeof spreads)[number]
  readonly nodeSelector: Texts
  readonly tolerations: readonly Toleration[]
  readonly priorityClass: string | null
  readonly labels: Texts
  readonly annotations: Texts
  readonly resources: {
    readonly redis: Resources
    readonly gateway: Resources
    readonly app: Resources
  }
}

/** What the namespace is by default depends on the deployment's name. */
export const defaultKubernetesSettings: Omit<KubernetesSettings, 'namespace' | 'createNamespace'> = {
  context: [],
  clusterDomain: 'cluster.local',
  image: 'devops/counter',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: [],
  appImage: null,
  existingSecret: null,
  existingRedis: null,
  serviceType: 'LoadBalancer',
  nodePort: null,
  serviceAnnotations: {},
  gateways: 2,
  storageClass: null,
  storageSize: '10Gi',
  spread: 'required',
  nodeSelector: {},
  tolerations: [],
  priorityClass: null,
  labels: {},
  annotations: {},
  // Without limits: a container at its memory limit is killed, and a Redis that is killed is a failover.
  resources: {
    redis: { requests: { cpu: '100m', memory: '256Mi' }, limits: {} },
    gateway: { requests: { cpu: '100m', memory: '128Mi' }, limits: {} },
    app: { requests: { cpu: '50m', memory: '128Mi' }, limits: {} },
  },
}
