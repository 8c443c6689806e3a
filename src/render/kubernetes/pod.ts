import type { PodSpec, TopologySpreadConstraint, Volume } from './objects.ts'
import { userId, volumes } from './containers.ts'
import { standaloneSources } from './existing-redis.ts'
import { secretName, type Component, type ManifestInput } from './manifest-input.ts'
import { selectorOf } from './metadata.ts'

/** What all pods have in common: placement, and no more rights than the restricted pod security standard allows. */
export function podSpec(
  input: ManifestInput,
  component: Component,
  own: Pick<PodSpec, 'containers' | 'terminationGracePeriodSeconds'>,
): PodSpec {
  const { name, kubernetes } = input.topology
  const { imagePullSecrets, priorityClass, nodeSelector, tolerations } = kubernetes
  return {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    // Beside a Service named redis Kubernetes would set REDIS_PORT to something else.
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...(component === 'redis' ? { fsGroup: userId, fsGroupChangePolicy: 'OnRootMismatch' } : {}),
    },
    ...(imagePullSecrets.length === 0
      ? {}
      : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    ...(priorityClass === null ? {} : { priorityClassName: priorityClass }),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations: tolerations.map(withoutUndefined) }),
    topologySpreadConstraints: spread(input, component),
    ...own,
  }
}

/** Topology and secrets as roles expect them in a directory. */
export function configVolume(input: ManifestInput, file: 'gateway.json' | 'beside.json'): Volume {
  const { existingRedis } = input.topology.kubernetes
  if (existingRedis !== null)
    return { name: volumes.config, projected: { sources: standaloneSources(input, existingRedis) } }
  return {
    name: volumes.config,
    projected: {
      sources: [
        { configMap: { name: input.topology.name, items: [{ key: file, path: 'topology.json' }] } },
        {
          secret: {
            name: secretName(input),
            items: ['password', 'internal'].map((key) => ({ key, path: `secrets/${key}` })),
          },
        },
      ],
    },
  }
}

export function temporaryVolume(): Volume {
  return { name: volumes.temporary, emptyDir: {} }
}

/**
 * Over machines, then zones. Anti-affinity that is required would leave pods pending where there are fewer machines than pods; a
 * skew of one does not, and never puts two on one machine while there is one without.
 */
function spread(input: ManifestInput, component: Component): TopologySpreadConstraint[] {
  const constraint = (topologyKey: string, isRequired: boolean): TopologySpreadConstraint => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: isRequired ? 'DoNotSchedule' : 'ScheduleAnyway',
    labelSelector: { matchLabels: selectorOf(input, component) },
  })
  const wanted = component === 'redis' ? input.topology.kubernetes.spread : 'preferred'
  return [
    constraint('kubernetes.io/hostname', wanted !== 'preferred'),
    // Required only where that is asked for: machines without this label can then take nothing.
    constraint('topology.kubernetes.io/zone', wanted === 'zones'),
  ]
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as never
}
