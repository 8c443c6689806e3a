import { rmSync } from 'node:fs'
import { HoldfastError } from '../../errors.ts'
import { gatewayServiceName } from '../../render/kubernetes/manifest-input.ts'
import type { Status } from '../status.ts'
import type { Secrets, Target } from '../target.ts'
import { apply, planOf, type Desired } from './apply.ts'
import { notRunning, placeOf, type Cluster } from './cluster.ts'
import { exclusively } from './exclusively.ts'
import { judge } from './judge.ts'
import { keptSecrets } from './kept-secrets.ts'
import { tailLogs } from './logs.ts'
import { observe } from './observation.ts'
import { refresh, requireRunning, restart, scale, switchover } from './operations.ts'
import { asDiff } from './plan.ts'
import { redisCli } from './redis-cli.ts'
import { remove } from './remove.ts'
import { readSecrets } from './secrets.ts'

export interface KubernetesTargetOptions {
  readonly cluster: Cluster
  /** Of Holdfast: the tag of its image. */
  readonly version: string
  /** Absolute: where secrets are kept that manifests were rendered with. */
  readonly secretsDir: string
}

/** A cluster that is already there. */
export function kubernetesTarget({ cluster, version, secretsDir }: KubernetesTargetOptions): Target {
  const desired = (topology: Desired['topology'], password: string | null): Desired => ({
    topology,
    password,
    version,
    secrets: () => keptSecrets(secretsDir, password),
  })
  const target: Target = {
    kind: 'kubernetes',
    place: placeOf(cluster),
    observe: () => observeStatus(cluster),
    plan: async (topology, password, { signal }) =>
      (await planOf(cluster, desired(topology, password), signal)).flatMap(asDiff),
    apply: (topology, password, context) => apply(cluster, desired(topology, password), context),
    remove: async (options, context) => {
      const changes = await remove(cluster, options, context)
      // The next deployment of this name gets secrets of its own.
      if (options.purge) rmSync(secretsDir, { recursive: true, force: true })
      return changes
    },
    scale: (instances, context) =>
      exclusively(cluster, context, (inside) => scale(cluster, instances, inside)),
    refresh: (context) => exclusively(cluster, context, (inside) => refresh(cluster, 'app', inside)),
    switchover: (to, context) => exclusively(cluster, context, (inside) => switchover(cluster, to, inside)),
    restart: (component, context) =>
      exclusively(cluster, context, (inside) => restart(cluster, component, inside)),
    logs: (component, options) => tailLogs(cluster, component, options),
    connection: () => connectionOf(cluster),
    redisCli: (args, terminal) => redisCli(cluster, args, terminal),
    faults: async () => {
      const { openFaultDriver } = await import('./faults/driver.ts')
      return await openFaultDriver(cluster, target)
    },
  }
  return target
}

async function observeStatus(cluster: Cluster): Promise<Status> {
  const seen = await observe(cluster)
  if (seen !== null) return judge(seen)
  const parts = { primary: null, epoch: 0, nodes: [], gateways: [], instances: [], problems: [] }
  return {
    name: cluster.name,
    target: 'kubernetes',
    state: 'down',
    ...parts,
    frontDoor: { url: '', up: false },
  }
}

/** For programs in the cluster: from outside nobody reaches Redis. */
async function connectionOf(cluster: Cluster): ReturnType<Target['connection']> {
  const { topology } = await requireRunning(cluster, { signal: new AbortController().signal })
  const { namespace, gateways } = cluster.settings
  if (gateways === 0) {
    throw new HoldfastError('UNSUPPORTED', 'there are no gateways but those beside the instances', {
      exitCode: 2,
      hint: 'kubernetes.gateways in the spec says how many there are for other programs.',
    })
  }
  const secrets: Secrets | null = await readSecrets(cluster)
  if (secrets === null) throw notRunning(cluster)
  return {
    host: `${gatewayServiceName(cluster.name, cluster.settings)}.${namespace}.svc`,
    port: topology.gateway.port,
    password: secrets.password,
    db: topology.redis.db,
  }
}
