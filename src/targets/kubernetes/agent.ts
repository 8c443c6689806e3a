import { HoldfastError, type ErrorCode } from '../../errors.ts'
import { askPod } from '../../kubernetes/tunnel.ts'
import type { Topology } from '../../topology/topology.ts'
import { placeOf, type Cluster } from './cluster.ts'
import { readSecrets, secretNameOf } from './secrets.ts'

/**
 * Asks the agent of a node to do something.
 * @throws HoldfastError with the agent's own words when it refuses, NOT_RUNNING when it does not answer
 */
export async function askAgent(
  cluster: Cluster,
  node: Topology['nodes'][number],
  path: '/switchover' | '/restart',
  body: object,
  options: { readonly failure: ErrorCode; readonly signal: AbortSignal },
): Promise<unknown> {
  const { signal, failure } = options
  const secrets = await readSecrets(cluster, signal)
  if (secrets === null) {
    const message = `the Secret ${secretNameOf(cluster)} of the ${placeOf(cluster)} cannot be read`
    throw new HoldfastError('NOT_RUNNING', message, { hint: './holdfast status' })
  }
  const to = {
    namespace: cluster.settings.namespace,
    pod: `${cluster.name}-${node.name}`,
    port: node.agentPort,
  }
  const headers = { authorization: `Bearer ${secrets.internal}` }
  let answer: Awaited<ReturnType<typeof askPod>>
  try {
    answer = await askPod(cluster.api, to, { method: 'POST', path, headers, body, signal })
  } catch (cause) {
    signal.throwIfAborted()
    throw new HoldfastError('NOT_RUNNING', `agent-${String(node.index)} does not answer`, {
      hint: './holdfast status',
      cause,
    })
  }
  const reply = JSON.parse(answer.body === '' ? '{}' : answer.body) as { error?: string; hint?: string }
  if (answer.status === 200) return reply
  const message = reply.error ?? `agent-${String(node.index)}: HTTP ${String(answer.status)}`
  throw new HoldfastError(failure, message, { hint: reply.hint ?? './holdfast status' })
}
