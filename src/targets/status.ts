/** What `holdfast status --json` prints. Fields are added, never renamed. */
export interface Status {
  readonly name: string
  readonly target: 'local' | 'kubernetes'
  readonly state: 'healthy' | 'degraded' | 'down'
  /** `redis-0`, or null while there is none whose gate has passed. */
  readonly primary: string | null
  /** The epoch's number; 0 while there is none. */
  readonly epoch: number
  readonly nodes: readonly NodeStatus[]
  readonly gateways: readonly GatewayStatus[]
  readonly instances: readonly InstanceStatus[]
  readonly frontDoor: { readonly url: string; readonly up: boolean }
  readonly problems: readonly Problem[]
}

export interface NodeStatus {
  readonly name: string
  readonly address: string
  /** Of the target `kubernetes`: its pod, and the machine that the pod is on. */
  readonly pod?: string
  readonly machine?: string
  readonly role: 'primary' | 'replica' | 'unknown'
  readonly up: boolean
  /** In the in-sync set, or the primary itself. */
  readonly inSync: boolean
  /** Replication offset in bytes. */
  readonly offset: number
  readonly lagBytes: number
  readonly sentinel: { readonly up: boolean; readonly primarySeen: string | null }
}

export interface GatewayStatus {
  readonly name: string
  readonly address: string
  /** Of the target `kubernetes`: its pod, and the machine that the pod is on. */
  readonly pod?: string
  readonly machine?: string
  readonly up: boolean
  readonly sessions: number
  /** Commands that wait for a primary. */
  readonly parked: number
}

export interface InstanceStatus {
  readonly name: string
  readonly address: string
  /** Of the target `kubernetes`: its pod, and the machine that the pod is on. */
  readonly pod?: string
  readonly machine?: string
  readonly up: boolean
  readonly healthy: boolean
}

export interface Problem {
  /** Stable, upper case: `NODE_DOWN`. */
  readonly code: string
  readonly message: string
  /** What to type or change. */
  readonly hint: string
}
