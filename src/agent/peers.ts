import { Agent, request } from 'node:http'
import { isHostName } from '../topology/host-name.ts'
import type { NodeTopology, Topology } from '../topology/topology.ts'
import type { AgentState, FenceReply, FenceRequest, FollowRequest } from './api.ts'

/** The other agents, or from elsewhere all of them. Calls throw when an agent does not answer in time. */
export interface AgentClient {
  state(node: number, withinMs?: number): Promise<AgentState>
  fence(node: number, body: FenceRequest): Promise<FenceReply>
  follow(node: number, body: FollowRequest): Promise<{ readonly followed: boolean; readonly why?: string }>
  /** Look for a promotion often, for a few seconds. */
  alert(node: number): Promise<void>
  /** Nobody else may serve: ask for the right to, now. */
  decide(node: number): Promise<void>
  /** Be no candidate for Sentinel for a few seconds (0), or be one again (100). */
  priority(node: number, value: number, forMs: number): Promise<void>
  switchover(node: number, to: number | undefined): Promise<{ readonly primary: string }>
  restart(node: number, component: 'redis' | 'sentinel'): Promise<void>
  close(): void
}

export class AgentHttpError extends Error {
  readonly status: number
  readonly hint: string | undefined

  constructor(status: number, message: string, hint?: string) {
    super(message)
    this.status = status
    this.hint = hint
  }
}

/** @param localAddress what connections come from: a node's own address, so that a cut between nodes cuts them too; a name chooses nothing */
export function openAgentClient(
  topology: Topology,
  internalSecret: string,
  localAddress?: string,
): AgentClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const nodeAt = (index: number): NodeTopology => {
    const node = topology.nodes[index]
    if (node === undefined) throw new RangeError(`no node ${String(index)}`)
    return node
  }
  const call = (index: number, method: string, path: string, body: unknown, withinMs: number) =>
    exchange(agent, nodeAt(index), { method, path, body, withinMs, internalSecret, localAddress })
  return {
    state: (node, withinMs = 500) => call(node, 'GET', '/state', undefined, withinMs) as Promise<AgentState>,
    fence: (node, body) => call(node, 'POST', '/fence', body, 900) as Promise<FenceReply>,
    follow: (node, body) => call(node, 'POST', '/follow', body, 900) as Promise<{ followed: boolean }>,
    alert: async (node) => {
      await call(node, 'POST', '/alert', {}, 300)
    },
    decide: async (node) => {
      await call(node, 'POST', '/decide', {}, 300)
    },
    priority: async (node, value, forMs) => {
      await call(node, 'POST', '/priority', { value, forMs }, 700)
    },
    switchover: (node, to) =>
      call(node, 'POST', '/switchover', to === undefined ? {} : { to }, 45_000) as Promise<{
        primary: string
      }>,
    restart: async (node, component) => {
      await call(node, 'POST', '/restart', { component }, 60_000)
    },
    close: () => {
      agent.destroy()
    },
  }
}

interface Exchange {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly withinMs: number
  readonly internalSecret: string
  readonly localAddress: string | undefined
}

function exchange(agent: Agent, node: NodeTopology, options: Exchange): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const { localAddress } = options
  const payload = options.body === undefined ? '' : JSON.stringify(options.body)
  const outgoing = request({
    agent,
    host: node.address,
    port: node.agentPort,
    method: options.method,
    path: options.path,
    headers: {
      authorization: `Bearer ${options.internalSecret}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
    },
    ...(localAddress === undefined || isHostName(localAddress) ? {} : { localAddress }),
  })
  const timer = setTimeout(() => {
    outgoing.destroy(
      new Error(
        `agent-${String(node.index)} did not answer ${options.path} within ${String(options.withinMs)} ms`,
      ),
    )
  }, options.withinMs)
  outgoing.on('error', reject)
  outgoing.on('response', (incoming) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('error', reject)
    incoming.on('end', () => {
      const status = incoming.statusCode ?? 0
      try {
        const parsed = JSON.parse(Buffer.concat(chunks).toString('utf8') || 'null') as unknown
        if (status === 200) resolve(parsed)
        else {
          const { error, hint } = (parsed ?? {}) as { error?: string; hint?: string }
          reject(
            new AgentHttpError(
              status,
              error ?? `agent-${String(node.index)} answered ${String(status)}`,
              hint,
            ),
          )
        }
      } catch (error) {
        reject(error)
      }
    })
  })
  outgoing.on('close', () => {
    clearTimeout(timer)
  })
  outgoing.end(payload)
  return promise
}
