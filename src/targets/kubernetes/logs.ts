import { createInterface } from 'node:readline'
import { HoldfastError } from '../../errors.ts'
import type { Pod } from '../../render/kubernetes/objects.ts'
import { pathIn, selectorText, type Cluster } from './cluster.ts'
import { partsOf, podName, type Part } from './parts.ts'

const shownLines = 200
const shownOnTrouble = 5

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
  readonly shows: (line: string) => boolean
}

/** The last lines of one part's log, or of all (then each begins with `part | `); with `follow` also what comes. */
export async function* tailLogs(
  cluster: Cluster,
  component: string | undefined,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const pods = await cluster.api.list<Pod>(pathIn(cluster, 'Pod'), {
    query: { labelSelector: selectorText(cluster) },
    signal,
  })
  const sources = sourcesOf(partsOf(pods), component)
  if (sources.length === 0) {
    const message = component === undefined ? `${cluster.name} does not run` : `${component} does not run`
    throw new HoldfastError('NOT_RUNNING', message, { hint: './holdfast status' })
  }
  if (!follow) {
    for (const source of sources) for await (const line of read(cluster, source, follow, signal)) yield line
    return
  }
  yield* merged(sources.map((source) => read(cluster, source, follow, signal)))
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

/** Redis and Sentinel begin a line with their process, and a letter for what it is: https://redis.io/docs/latest/operate/oss_and_stack/management/ */
function writerOf(line: string): 'redis' | 'sentinel' | 'agent' {
  const [, letter] = /^\d+:([A-Z]) /.exec(line) ?? []
  if (letter === undefined) return 'agent'
  return letter === 'X' ? 'sentinel' : 'redis'
}

async function* read(
  cluster: Cluster,
  { pod, container, prefix, shows }: Source,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const query = { container, tailLines: String(shownLines), ...(follow ? { follow: 'true' } : {}) }
  try {
    const answer = await cluster.api.stream(pathIn(cluster, 'Pod', pod, 'log'), { query, signal })
    for await (const line of createInterface({ input: answer })) if (shows(line)) yield prefix + line
  } catch (error) {
    if (signal.aborted) return
    yield `${prefix}(no log: ${(error as Error).message})`
  }
}

/** Lines of several logs as they come. */
async function* merged(streams: readonly AsyncGenerator<string>[]): AsyncGenerator<string> {
  const next = (stream: AsyncGenerator<string>) => stream.next().then((result) => ({ stream, result }))
  const pending = new Map(streams.map((stream) => [stream, next(stream)]))
  while (pending.size > 0) {
    const { stream, result } = await Promise.race(pending.values())
    if (result.done === true) pending.delete(stream)
    else {
      pending.set(stream, next(stream))
      yield result.value
    }
  }
}
