import { startRelay, type Relay } from '../../../kubernetes/relay.ts'
import type { PodPort } from '../../../kubernetes/tunnel.ts'
import type { Pod } from '../../../render/kubernetes/objects.ts'
import type { Topology } from '../../../topology/topology.ts'
import type { PathCut } from '../../../verify/errors.ts'
import type { Cluster } from '../cluster.ts'
import { componentOf, isReadyPod, nodeIndexOf, podName } from '../parts.ts'
import { listPods } from './pods.ts'

/** Ports of this machine that stand for those of the deployment. */
export interface Routes {
  readonly host: string
  /** Of the application's Service. */
  frontDoor(): Promise<number>
  /** Of the gateways' Service; where the deployment has none, of the gateways beside its instances. */
  gateway(): Promise<number>
  /** Of one node, whatever its state. */
  node(index: number, server: 'redis' | 'sentinel'): Promise<number>
  /** Connections that were lost on the way, and not by a pod. */
  readonly cuts: readonly PathCut[]
  close(): Promise<void>
}

const host = '127.0.0.1'
const everyMs = 300

/** A port is opened when it is asked for first. Connections go to pods that are ready, in turn, as those of a Service do. */
export function openRoutes(cluster: Cluster, topology: Topology): Routes {
  const relays = new Map<string, Promise<Relay>>()
  const cuts: PathCut[] = []
  let pods: readonly Pod[] = []
  let looking: NodeJS.Timeout | null = null
  let turn = 0

  const look = async (): Promise<void> => {
    // An API server that is away for a moment takes nothing back of what is known.
    pods = await listPods(cluster, AbortSignal.timeout(5000)).catch(() => pods)
  }
  const watch = async (): Promise<void> => {
    if (looking !== null) return
    looking = setTimeout(() => undefined, 0)
    await look()
    const again = (): void => {
      looking = setTimeout(() => {
        void look().then(() => {
          if (looking !== null) again()
        })
      }, everyMs)
    }
    again()
  }
  const at = (pod: Pod, port: number): PodPort => ({
    namespace: cluster.settings.namespace,
    pod: podName(pod),
    port,
  })
  const service = (component: 'app' | 'gateway', port: number): PodPort | null => {
    const ready = pods.filter((pod) => componentOf(pod) === component && isReadyPod(pod))
    const pod = ready[turn++ % Math.max(1, ready.length)]
    return pod === undefined ? null : at(pod, port)
  }
  const relay = async (name: string, next: () => PodPort | null): Promise<number> => {
    await watch()
    const opening =
      relays.get(name) ??
      startRelay({
        api: cluster.api,
        next,
        onCut: () => {
          void opening.then(({ port }) =>
            cuts.push({ at: `${host}:${String(port)}`, atMs: performance.now() }),
          )
        },
      })
    relays.set(name, opening)
    return (await opening).port
  }

  return {
    host,
    cuts,
    frontDoor: () => relay('front door', () => service('app', appPortOf(pods) ?? topology.frontDoor.port)),
    gateway: () => {
      const component = cluster.settings.gateways === 0 ? 'app' : 'gateway'
      return relay('gateway', () => service(component, topology.gateway.port))
    },
    node: (index, server) =>
      relay(`${server}-${String(index)}`, () => {
        const pod = pods.find((one) => componentOf(one) === 'redis' && nodeIndexOf(one) === index)
        const node = topology.nodes[index]
        if (pod === undefined || node === undefined) return null
        return at(pod, server === 'redis' ? node.redisPort : node.sentinelPort)
      }),
    close: async () => {
      if (looking !== null) clearTimeout(looking)
      looking = null
      await Promise.all([...relays.values()].map(async (opening) => (await opening).close()))
    },
  }
}

function appPortOf(pods: readonly Pod[]): number | undefined {
  const app = pods.find((pod) => componentOf(pod) === 'app')
  return app?.spec?.containers.find(({ name }) => name === 'app')?.ports?.[0]?.containerPort
}
