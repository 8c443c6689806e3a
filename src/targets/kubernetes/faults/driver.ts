import { controlConnection } from '../../../agent/redis-link.ts'
import { HoldfastError } from '../../../errors.ts'
import type { Capability, FaultDriver } from '../../../verify/faults/fault.ts'
import { askGatewayAt, askOnce } from '../../ask-server.ts'
import type { Target, TargetContext } from '../../target.ts'
import { notRunning, pathIn, type Cluster } from '../cluster.ts'
import { exclusively } from '../exclusively.ts'
import { judge } from '../judge.ts'
import { requireRunning } from '../operations.ts'
import { partsOf } from '../parts.ts'
import { readSecrets } from '../secrets.ts'
import { mayCloseMachines, readCapabilities } from './capabilities.ts'
import { cordon, uncordonAll } from './machines.ts'
import { deletePods, deleteWithClaim, evictFrom, listPods } from './pods.ts'
import { clusterProcesses } from './processes.ts'
import { isCounterAt } from './reachable.ts'
import { openRoutes } from './routes.ts'
import type { Deployment } from '../../../render/kubernetes/objects.ts'

const operationWithinMs = 240_000
const replyWithinMs = 10_000
/** A container that ended several times within ten minutes is started again after up to five of them. */
const healthyWithinMs = 330_000

/**
 * Breaks a deployment in a cluster, and heals it. A machine that an earlier one left closed is opened first.
 * @param target the same deployment, for what it does itself
 * @throws HoldfastError BUSY while another verify breaks this deployment; NOT_RUNNING when there is none
 */
export async function openFaultDriver(cluster: Cluster, target: Target): Promise<FaultDriver> {
  const { topology } = await requireRunning(cluster, { signal: AbortSignal.timeout(operationWithinMs) })
  const secrets = await readSecrets(cluster)
  if (secrets === null) throw notRunning(cluster)
  const lock = await takeLock(cluster)
  const { mayClose, capabilities } = await reopenAndAsk(cluster).catch(async (error: unknown) => {
    await lock.release()
    throw error
  })
  const processes = clusterProcesses(cluster)
  const routes = openRoutes(cluster, topology)
  const { host } = routes
  let instancesBefore: number | null = null

  const context = (signal: AbortSignal): TargetContext => ({
    progress: { step: () => undefined, waiting: () => undefined },
    signal,
  })
  const limit = (...more: readonly AbortSignal[]): AbortSignal =>
    AbortSignal.any([lock.lost, AbortSignal.timeout(operationWithinMs), ...more])
  const patient = (): TargetContext => context(limit())
  const able = (capability: Capability): void => {
    const why = capabilities[capability]
    if (why !== null) throw new HoldfastError('UNSUPPORTED', why, { exitCode: 2 })
  }
  const refused = (capability: Capability) => (): Promise<never> =>
    Promise.reject(new HoldfastError('UNSUPPORTED', capabilities[capability] ?? '', { exitCode: 2 }))
  const askNode = async (node: number, server: 'redis' | 'sentinel', words: readonly string[]) => {
    const at = {
      host,
      port: await routes.node(node, server),
      internalSecret: secrets.internal,
      replyWithinMs,
    }
    return await askOnce(controlConnection(at), `${server}-${String(node)}`, words)
  }
  const askGateway = async (words: readonly string[]) => {
    const { holdMs } = topology.gateway
    const at = { host, port: await routes.gateway(), password: secrets.password, db: topology.redis.db }
    return await askGatewayAt({ ...at, holdMs }, words)
  }
  const heal = async (): Promise<void> => {
    await processes.wake()
    if (mayClose) await uncordonAll(cluster, AbortSignal.timeout(operationWithinMs))
    if (instancesBefore !== null) {
      await target.scale(instancesBefore, context(AbortSignal.timeout(operationWithinMs)))
      instancesBefore = null
    }
  }

  const driver: FaultDriver = {
    why: (capability) => capabilities[capability],
    healthyWithinMs,
    observe: async () => {
      lock.lost.throwIfAborted()
      return judge(await requireRunning(cluster, { signal: limit() }))
    },
    components: () => processes.components(),
    process: (component) => processes.find(component),
    signal: (component, signal) => driver.signalAll([component], signal),
    signalAll: async (components, signal) => {
      able('signal')
      await processes.signal(components, signal)
    },
    restart: async (component) => {
      await target.restart(component, patient())
    },
    switchover: async (to, signal) => {
      await target.switchover(to, context(signal))
    },
    scale: async (instances) => {
      able('scale')
      const app = await cluster.api.get<Deployment>(pathIn(cluster, 'Deployment', cluster.name))
      instancesBefore ??= app.spec?.replicas ?? null
      await target.scale(instances, patient())
      if (instances === instancesBefore) instancesBefore = null
    },
    refresh: async () => {
      await target.refresh(patient())
    },
    // Whatever it is that ends in a pod, the cluster starts it again.
    startAll: () => Promise.resolve(),
    redis: (node, words) => askNode(node, 'redis', words),
    sentinel: (node, words) => askNode(node, 'sentinel', words),
    gateway: askGateway,
    pods: {
      delete: async (components, signal) => {
        able('pods')
        await deletePods(cluster, components, limit(signal))
      },
      deleteWithVolume: async (node, signal) => {
        able('claims')
        await deleteWithClaim(cluster, node, limit(signal))
      },
      drain: async (component, signal) => {
        able('drain')
        const part = partsOf(await listPods(cluster)).find(({ name }) => name === component)
        const machine = part?.pod.spec?.nodeName
        if (machine === undefined) throw new HoldfastError('NOT_RUNNING', `${component} is on no machine`)
        await cordon(cluster, machine, limit(signal))
        return { machine, evicted: await evictFrom(cluster, machine, limit(signal)) }
      },
      reopen: () => uncordonAll(cluster, limit()),
    },
    reach: async () => {
      const { frontDoor } = judge(await requireRunning(cluster, { signal: limit() }))
      const isDirect = frontDoor.url !== '' && (await isCounterAt(frontDoor.url, askGateway))
      const url = isDirect ? frontDoor.url : `http://${host}:${String(await routes.frontDoor())}`
      const { password } = secrets
      return {
        url,
        redis: [{ host, port: await routes.gateway(), password, db: topology.redis.db }],
        words: isDirect
          ? 'the front door at its address, the gateways through the API server'
          : 'through the API server, as kubectl port-forward does',
        cuts: () => routes.cuts,
      }
    },
    cut: refused('network'),
    delay: refused('delay'),
    healNetwork: () => Promise.resolve(),
    change: refused('redis'),
    emptyVolume: refused('volume'),
    fillDisk: refused('disk'),
    stallDisk: refused('disk-stall'),
    stepClock: refused('clock'),
    attachForeign: refused('foreign'),
    heal,
    close: async () => {
      try {
        await heal()
      } finally {
        await routes.close()
        await lock.release()
      }
    },
  }
  return driver
}

/** What a verify that was killed has left closed takes pods again before it is counted. Only while the lock is held. */
async function reopenAndAsk(cluster: Cluster) {
  const mayClose = await mayCloseMachines(cluster)
  if (mayClose) await uncordonAll(cluster, AbortSignal.timeout(operationWithinMs))
  return { mayClose, capabilities: await readCapabilities(cluster) }
}

interface DrillLock {
  /** Aborted when another one has taken it over. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** Held until it is released. @throws HoldfastError BUSY */
async function takeLock(cluster: Cluster): Promise<DrillLock> {
  const { promise: isOver, resolve: release } = Promise.withResolvers<undefined>()
  const lost = new AbortController()
  const { promise: taken, resolve: take, reject } = Promise.withResolvers<undefined>()
  const nobody = { step: () => undefined, waiting: () => undefined }
  const context = { progress: nobody, signal: new AbortController().signal }
  const holding = exclusively(
    cluster,
    context,
    async ({ signal }) => {
      signal.addEventListener('abort', () => {
        lost.abort(signal.reason)
      })
      take(undefined)
      await isOver
    },
    'verify',
  ).catch(reject)
  await taken
  return {
    lost: lost.signal,
    release: async () => {
      release(undefined)
      await holding
    },
  }
}
