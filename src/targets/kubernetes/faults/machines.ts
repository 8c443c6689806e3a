import type { Machine } from '../../../render/kubernetes/objects.ts'
import { pathIn, type Cluster } from '../cluster.ts'

/** Says who has closed a machine, so that whoever looks knows, and the next verify can open it again. */
const mark = 'holdfast/closed-by-verify'

/** Nothing new comes to the machine (kubectl cordon). One that is closed already stays as it is. */
export async function cordon(cluster: Cluster, machine: string, signal: AbortSignal): Promise<void> {
  const found = await cluster.api.get<Machine>(pathIn(cluster, 'Node', machine), { signal })
  if (found.spec?.unschedulable === true) return
  await change(cluster, machine, { unschedulable: true, by: ownerOf(cluster) }, signal)
}

/** Opens every machine that a verify of this deployment has closed, this one or one that was killed. */
export async function uncordonAll(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const machines = await cluster.api.list<Machine>(pathIn(cluster, 'Node'), { signal })
  for (const { metadata } of machines) {
    if (metadata?.annotations?.[mark] !== ownerOf(cluster) || metadata.name === undefined) continue
    await change(cluster, metadata.name, { unschedulable: null, by: null }, signal)
  }
}

/** How many take pods. */
export async function openMachines(cluster: Cluster): Promise<number> {
  const machines = await cluster.api.list<Machine>(pathIn(cluster, 'Node'))
  return machines.filter(({ spec }) => spec?.unschedulable !== true).length
}

function ownerOf({ name, settings }: Cluster): string {
  return `${settings.namespace}.${name}`
}

async function change(
  cluster: Cluster,
  machine: string,
  { unschedulable, by }: { readonly unschedulable: true | null; readonly by: string | null },
  signal: AbortSignal,
): Promise<void> {
  const patch = { metadata: { annotations: { [mark]: by } }, spec: { unschedulable } }
  await cluster.api.merge(pathIn(cluster, 'Node', machine), patch, { signal })
}
