import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { HoldfastError } from '../errors.ts'
import { createLogger } from '../platform/log.ts'
import type { Topology } from '../topology/topology.ts'
import { startAgent, type NodeAgent } from './agent.ts'
import { createAgentServer } from './http.ts'

export interface RunAgentOptions {
  readonly stateDir: string
  /** Index. */
  readonly node: number
  /** Aborted: stop the sentinel and redis-server orderly, then end. SIGHUP: end alone, they go on. */
  readonly signal: AbortSignal
  /** Called every second while the agent runs: it outlives who started it, and can bring that back. */
  readonly everySecond?: () => Promise<unknown>
}

/** The agent of one node in the foreground. @returns the exit code */
export async function runAgent({
  stateDir,
  node: index,
  signal,
  everySecond,
}: RunAgentOptions): Promise<number> {
  const log = createLogger(`agent-${String(index)}`)
  const topology = JSON.parse(readFileSync(join(stateDir, 'topology.json'), 'utf8')) as Topology
  const node = topology.nodes[index]
  if (node === undefined) {
    throw new HoldfastError(
      'USAGE',
      `there is no node ${String(index)}: the deployment has ${String(topology.nodes.length)}`,
      {
        hint: `Use a number from 0 to ${String(topology.nodes.length - 1)}.`,
        exitCode: 2,
      },
    )
  }
  const secrets = {
    password: readFileSync(join(stateDir, 'secrets', 'password'), 'utf8'),
    internal: readFileSync(join(stateDir, 'secrets', 'internal'), 'utf8'),
  }
  const alone = new AbortController()
  process.once('SIGHUP', () => {
    alone.abort()
  })
  let agent: NodeAgent | null = null
  const server = createAgentServer(() => agent, secrets.internal)
  server.listen(node.agentPort, node.address)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new HoldfastError(
      'PORT_IN_USE',
      `agent-${String(index)} cannot listen on ${node.address}:${String(node.agentPort)}`,
      {
        hint: 'Stop what listens there (ss -ltnp shows it), or move the nodes with local.network in holdfast.yaml.',
        cause: error,
        exitCode: 2,
      },
    )
  }
  agent = startAgent({ topology, node, stateDir, secrets, log })
  const timer = setInterval(() => {
    everySecond?.().catch((error: unknown) => {
      log.warn({ why: (error as Error).message }, 'could not look after the supervisor')
    })
  }, 1000)
  const ends = AbortSignal.any([signal, alone.signal])
  if (!ends.aborted) await once(ends, 'abort')
  log.info({ servers: !alone.signal.aborted }, 'ends')
  clearInterval(timer)
  server.close()
  server.closeAllConnections()
  await agent.stop(!alone.signal.aborted)
  return 0
}
