import { request } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AgentState } from '../../agent/api.ts'
import { HoldfastError, type ErrorCode } from '../../errors.ts'
import type { NodeTopology } from '../../topology/topology.ts'
import { httpProbe } from './http-probe.ts'

const authorize = (internal: string) => ({ authorization: `Bearer ${internal}` })

/**
 * @param from address that the question comes from; left out: the system's choice
 * @returns what the node's agent says, or null when it does not answer
 */
export async function readAgent(
  node: NodeTopology,
  internal: string,
  from?: string,
): Promise<AgentState | null> {
  const { result, body } = await httpProbe(
    { host: node.address, port: node.agentPort, path: '/state' },
    { timeoutMs: 1500, headers: authorize(internal), ...(from === undefined ? {} : { from }) },
  )
  try {
    return result === 200 ? (JSON.parse(body) as AgentState) : null
  } catch {
    return null
  }
}

/** @throws HoldfastError with the agent's own words when it refuses, NOT_RUNNING when it does not answer */
export async function askAgent(
  node: NodeTopology,
  internal: string,
  path: '/switchover' | '/restart',
  body: object,
  options: { readonly failure: ErrorCode; readonly signal: AbortSignal },
): Promise<unknown> {
  let answer: IncomingMessage
  try {
    const outgoing = request({
      host: node.address,
      port: node.agentPort,
      path,
      method: 'POST',
      agent: false,
      headers: { ...authorize(internal), 'content-type': 'application/json' },
      signal: options.signal,
    })
    outgoing.end(JSON.stringify(body))
    ;[answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  } catch (error) {
    options.signal.throwIfAborted()
    const message = `agent-${String(node.index)} does not answer on ${node.address}:${String(node.agentPort)}`
    throw new HoldfastError('NOT_RUNNING', message, { hint: './holdfast status', cause: error })
  }
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const reply = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { error?: string; hint?: string }
  if (answer.statusCode === 200) return reply
  throw new HoldfastError(
    options.failure,
    reply.error ?? `agent-${String(node.index)}: HTTP ${String(answer.statusCode)}`,
    {
      hint: reply.hint ?? './holdfast status',
    },
  )
}
