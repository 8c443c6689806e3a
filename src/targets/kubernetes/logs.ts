import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import type { Pod } from '../../render/kubernetes/objects.ts'
import { pathIn, selectorText, type Cluster } from './cluster.ts'
import { partsOf, podName, type Part } from './parts.ts'

const shownLines = 200
const shownOnTrouble = 5
const lookEveryMs = 1000

/** The last lines that a container wrote; nothing when they cannot be had. */
export async function readLastLines(
  cluster: Cluster,
  pod: string,
  container: string,
  previous: boolean,
): Promise<readonly string[]> {
  const query = { container, tailLines: String(shownOnTrouble), ...(previous ? { previous: 'true' } : {}) }
  try {
    const answer = await cluster.api.stream(pathIn(cluster, 'Pod', pod, 'log'), {
      query,
      signal: AbortSignal.timeout(3000),
    })
    const lines: string[] = []
    for await (const line of createInterface({ input: answer })) lines.push(line)
    return lines
  } catch {
    return []
  }
}

interface Source {
  readonly prefix: string
  readonly pod: string
  readonly container: string
  /** Which run of the container; null: it does not run. */
  readonly run: string | null
  readonly shows: (line: string) => boolean
}

/**
 * The last lines of one part's log, or of all (then each begins with `part | `); with `follow` also what comes, of pods and containers
 * that come later, too.
 */
export async function* tailLogs(
  cluster: Cluster,
  component: string | undefined,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const look = async () => {
    const query = { labelSelector: selectorText(cluster) }
    const pods = await cluster.api.list<Pod>(pathIn(cluster, 'Pod'), { query, signal })
    return sourcesOf(partsOf(pods), component)
  }
  const sources = await look()
  if (sources.length === 0) {
    const message = component === undefined ? `${cluster.name} does not run` : `${component} does not run`
    throw new HoldfastError('NOT_RUNNING', message, { hint: './holdfast status' })
  }
  if (!follow) {
    for (const source of sources)
      for await (const line of read(cluster, source, { follow, tailLines: shownLines }, signal)) yield line
    return
  }
  const readers = newReaders(cluster, sources, look, signal)
  yield* merged(readers, signal)
}

/** Of each container that runs one, once, as containers come. */
async function* newReaders(
  cluster: Cluster,
  first: readonly Source[],
  look: () => Promise<readonly Source[]>,
  signal: AbortSignal,
): AsyncGenerator<AsyncGenerator<string>> {
  const known = new Set<string>()
  let sources = first
  for (;;) {
    for (const source of sources) {
      if (source.run === null || known.has(source.run)) continue
      // Of one that comes later everything is new.
      const tail = sources === first ? { tailLines: shownLines } : {}
      known.add(source.run)
      yield read(cluster, source, { follow: true, ...tail }, signal)
    }
    await delay(lookEveryMs, undefined, { signal })
    // A cluster that is away for a moment has no new ones.
    sources = await look().catch(() => [])
  }
}

/** Which containers have a part's log. The agent passes on what its servers write: each line says whose it is. */
export function sourcesOf(parts: readonly Part[], component: string | undefined): readonly Source[] {
  const [, role, index] = /^(redis|sentinel|agent)-(\d+)$/.exec(component ?? '') ?? []
  const prefixOf = (name: string) => (component === undefined ? `${name} | ` : '')
  return parts.flatMap(({ name, component: kind, pod }) => {
    const source = (container: string, as: string, shows: Source['shows'] = () => true): Source => ({
      prefix: prefixOf(as),
      pod: podName(pod),
      container,
      run: runOf(pod, container),
      shows,
    })
    if (kind === 'redis') {
      if (component === undefined) return [source('redis', name)]
      return name === `redis-${index ?? ''}` ? [source('redis', name, (line) => writerOf(line) === role)] : []
    }
    if (component !== undefined && component !== name && component !== kind) return []
    return kind === 'gateway'
      ? [source('gateway', name)]
      : [source('app', name), ...(component === undefined ? [source('gateway', `${name} gateway`)] : [])]
  })
}

function runOf({ status }: Pod, container: string): string | null {
  const found = status?.containerStatuses?.find(({ name }) => name === container)
  return found?.state?.running == null ? null : (found.containerID ?? null)
}

/** Redis and Sentinel begin a line with their process, and a letter for what it is: https://redis.io/docs/latest/operate/oss_and_stack/management/ */
function writerOf(line: string): 'redis' | 'sentinel' | 'agent' {
  const [, letter] = /^\d+:([A-Z]) /.exec(line) ?? []
  if (letter === undefined) return 'agent'
  return letter === 'X' ? 'sentinel' : 'redis'
}

async function* read(
  cluster: Cluster,
  { pod, container, prefix, shows }: Source,
  { follow, tailLines }: { readonly follow: boolean; readonly tailLines?: number },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const query = {
    container,
    ...(tailLines === undefined ? {} : { tailLines: String(tailLines) }),
    ...(follow ? { follow: 'true' } : {}),
  }
  try {
    const answer = await cluster.api.stream(pathIn(cluster, 'Pod', pod, 'log'), { query, signal })
    for await (const line of createInterface({ input: answer })) if (shows(line)) yield prefix + line
  } catch (error) {
    if (signal.aborted) return
    yield `${prefix}(no log: ${(error as Error).message})`
  }
}

/** Lines of several logs as they come. @param readers more of them come, too; it ends with the signal */
async function* merged(
  readers: AsyncGenerator<AsyncGenerator<string>>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const lines: string[] = []
  let wake = Promise.withResolvers<undefined>()
  const take = async (reader: AsyncGenerator<string>): Promise<void> => {
    for await (const line of reader) {
      lines.push(line)
      wake.resolve(undefined)
    }
  }
  const all = (async () => {
    const reading: Promise<void>[] = []
    try {
      for await (const reader of readers) reading.push(take(reader))
    } catch (error) {
      if (!signal.aborted) throw error
    }
    await Promise.all(reading)
  })()
  const over = all.then(() => 'over' as const)
  over.catch(() => undefined)
  for (;;) {
    while (lines.length > 0) yield lines.shift() ?? ''
    if ((await Promise.race([wake.promise, over])) === 'over' && lines.length === 0) return
    wake = Promise.withResolvers<undefined>()
  }
}
