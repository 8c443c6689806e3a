import { HoldfastError } from '../../../errors.ts'
import { runIn, startIn, type ContainerName, type Running } from '../../../kubernetes/exec.ts'
import type { Pod } from '../../../render/kubernetes/objects.ts'
import type { RunningProcess } from '../../../verify/faults/fault.ts'
import { pathIn, selectorText, type Cluster } from '../cluster.ts'
import { partsOf, podName, type Part } from '../parts.ts'
import { listProcesses, parseProcesses, type ContainerProcess, type Role } from './process-table.ts'

export type ProcessSignal = 'KILL' | 'STOP' | 'CONT'

export interface ClusterProcesses {
  /** `redis-0`, `sentinel-0`, `agent-0`, `gateway-0`, `app-0`, `sidecar-0` (the gateway beside app-0): what runs now. */
  components(): Promise<readonly string[]>
  find(component: string): Promise<RunningProcess | null>
  /** What is stopped goes on after five minutes at the latest, and as soon as this process is gone. */
  signal(components: readonly string[], signal: ProcessSignal): Promise<void>
  /** Everything that is stopped goes on. */
  wake(): Promise<void>
}

interface Place {
  readonly part: Part
  readonly container: string
  readonly role: Role
}

const execWithinMs = 10_000
/** Questions of one moment are one question. */
const freshMs = 100
const longestStopSeconds = 300

/** The processes in a deployment's pods, by commands that run beside them in their containers. */
export function clusterProcesses(cluster: Cluster): ClusterProcesses {
  const pids = new Map<string, number>()
  const stops = new Map<string, Running>()
  const tables = new Map<string, Promise<readonly ContainerProcess[]>>()
  let listing: Promise<readonly Part[]> | null = null

  const forget = (): void => {
    listing = null
    tables.clear()
  }
  const parts = (): Promise<readonly Part[]> => {
    listing ??= listParts(cluster).finally(() => setTimeout(() => (listing = null), freshMs).unref())
    return listing
  }
  const table = ({ part, container }: Place): Promise<readonly ContainerProcess[]> => {
    const id = containerId(part.pod, container)
    if (id === null) return Promise.resolve([])
    const known = tables.get(id)
    if (known !== undefined) return known
    const asked = listIn(cluster, nameOf(cluster, part, container))
    tables.set(id, asked)
    void asked.finally(() => setTimeout(() => tables.delete(id), freshMs).unref())
    return asked
  }
  const locate = async (component: string): Promise<(Place & { process: ContainerProcess }) | null> => {
    const place = placeOf(component, await parts())
    if (place === null) return null
    const process = (await table(place)).find(({ role }) => role === place.role)
    return process === undefined ? null : { ...place, process }
  }
  /** A number of this process's own: pids begin anew in every container. */
  const numberOf = (key: string): number => {
    const number = pids.get(key) ?? pids.size + 1
    pids.set(key, number)
    return number
  }
  const keyOf = ({ part, container, process }: Place & { process: ContainerProcess }): string =>
    [containerId(part.pod, container), process.pid, process.startTime].join(' ')

  const find = async (component: string): Promise<RunningProcess | null> => {
    const found = await locate(component)
    return found === null ? null : { pid: numberOf(keyOf(found)), stopped: found.process.stopped }
  }

  const wake = async (): Promise<void> => {
    for (const stop of stops.values()) stop.close()
    await Promise.all([...stops.values()].map(({ ended }) => ended))
    stops.clear()
    forget()
  }

  return {
    components: async () => {
      const all = (await parts()).flatMap(componentsOf)
      const running = await Promise.all(
        all.map(async (each) => ((await locate(each)) === null ? [] : [each])),
      )
      return running.flat()
    },
    find,
    wake,
    signal: async (components, signal) => {
      forget()
      const found = (await Promise.all(components.map(locate))).filter((each) => each !== null)
      if (signal === 'KILL') await Promise.all(byContainer(found).map((group) => kill(cluster, group)))
      if (signal === 'STOP') {
        await Promise.all(found.map(async (each) => stops.set(keyOf(each), await stop(cluster, each))))
      }
      if (signal === 'CONT') {
        await Promise.all(
          found.map(async (each) => {
            const held = stops.get(keyOf(each))
            stops.delete(keyOf(each))
            await run(cluster, each, `kill -CONT ${String(each.process.pid)}`)
            held?.close()
          }),
        )
      }
      forget()
    },
  }
}

async function listParts(cluster: Cluster): Promise<readonly Part[]> {
  const query = { labelSelector: selectorText(cluster) }
  return partsOf(await cluster.api.list<Pod>(pathIn(cluster, 'Pod'), { query }))
}

/** In a container that is just ending nothing can be started. */
async function listIn(cluster: Cluster, name: ContainerName): Promise<readonly ContainerProcess[]> {
  try {
    const { stdout } = await runIn(cluster.api, name, listProcesses, AbortSignal.timeout(execWithinMs))
    return parseProcesses(stdout)
  } catch {
    return []
  }
}

function componentsOf({ name, component }: Part): readonly string[] {
  const index = name.slice(name.lastIndexOf('-') + 1)
  if (component === 'redis') return [`agent-${index}`, `redis-${index}`, `sentinel-${index}`]
  return component === 'app' ? [name, `sidecar-${index}`] : [name]
}

function placeOf(component: string, parts: readonly Part[]): Place | null {
  const [, kind = '', index = ''] = /^(\w+)-(\d+)$/.exec(component) ?? []
  const owner = { agent: 'redis', sentinel: 'redis', sidecar: 'app' }[kind] ?? kind
  const part = parts.find(({ name }) => name === `${owner}-${index}`)
  if (part === undefined) return null
  const container = owner === 'redis' ? 'redis' : kind === 'app' ? 'app' : 'gateway'
  return { part, container, role: kind === 'redis' || kind === 'sentinel' ? kind : 'main' }
}

/** null: it does not run. */
function containerId({ status }: Pod, container: string): string | null {
  const found = status?.containerStatuses?.find(({ name }) => name === container)
  return found?.state?.running == null ? null : (found.containerID ?? null)
}

function nameOf({ settings }: Cluster, { pod }: Part, container: string): ContainerName {
  return { namespace: settings.namespace, pod: podName(pod), container }
}

type Found = Place & { readonly process: ContainerProcess }

function byContainer(found: readonly Found[]): readonly (readonly Found[])[] {
  return [...Map.groupBy(found, ({ part, container }) => `${part.name} ${container}`).values()]
}

/** With the first process of a container the command ends, too, and nobody says how. */
async function kill(cluster: Cluster, group: readonly Found[]): Promise<void> {
  const [first] = group
  if (first !== undefined)
    await run(cluster, first, `kill -KILL ${group.map(({ process }) => process.pid).join(' ')}`)
}

async function run(cluster: Cluster, { part, container }: Found, script: string): Promise<void> {
  const name = nameOf(cluster, part, container)
  const signal = AbortSignal.timeout(execWithinMs)
  const { stderr } = await runIn(cluster.api, name, ['/bin/sh', '-c', script], signal)
  if (stderr !== '' && !stderr.includes('No such process')) {
    throw new HoldfastError('BUSY', `${part.name}, container ${container}: ${stderr.trim()}`)
  }
}

/** The command that stops it is also the one that lets it go on when this process has gone, and nobody else could. */
async function stop(cluster: Cluster, { part, container, process }: Found): Promise<Running> {
  const pid = String(process.pid)
  const script = `kill -STOP ${pid} && echo stopped; timeout ${String(longestStopSeconds)} cat >/dev/null; kill -CONT ${pid}`
  const running = await startIn(cluster.api, nameOf(cluster, part, container), ['/bin/sh', '-c', script])
  const deadline = performance.now() + execWithinMs
  const ended = running.ended.then(() => true)
  while (!running.printed().includes('stopped')) {
    const isOver = await Promise.race([ended, new Promise<false>((go) => setTimeout(go, 10, false))])
    if (isOver || performance.now() > deadline) {
      running.close()
      throw new HoldfastError('BUSY', `${part.name}, container ${container}: process ${pid} was not stopped`)
    }
  }
  return running
}
