import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { HoldfastError } from '../errors.ts'
import { readIfExists } from '../platform/files.ts'
import { createLogger } from '../platform/log.ts'
import { isHostName } from '../topology/host-name.ts'
import type { Topology } from '../topology/topology.ts'
import { startAgent, type NodeAgent } from './agent.ts'
import { createAgentServer } from './http.ts'
import type { NodeSecrets } from './servers.ts'

export interface RunAgentOptions {
  readonly stateDir: string
  /** Has topology.json and secrets/. Left out: the state directory. */
  readonly configDir?: string
  /** Index. */
  readonly node: number
  /** Aborted: stop the sentinel and redis-server orderly, then end. SIGHUP: end alone, they go on. */
  readonly signal: AbortSignal
  /** Called every second while the agent runs: what its surroundings need of the one process that lives as long as the node. */
  readonly everySecond?: () => Promise<unknown>
}

/** The agent of one node in the foreground. @returns the exit code */
export async function runAgent({
  stateDir,
  configDir = stateDir,
  node: index,
  signal,
  everySecond,
}: RunAgentOptions): Promise<number> {
  const log = createLogger(`agent-${String(index)}`)
  const topology = JSON.parse(readFileSync(join(configDir, 'topology.json'), 'utf8')) as Topology
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
  const secrets = secretsIn(join(configDir, 'secrets'))
  const alone = new AbortController()
  process.once('SIGHUP', () => {
    alone.abort()
  })
  let agent: NodeAgent | null = null
  const server = createAgentServer(() => agent, secrets.internal)
  // Behind a name: on every address, since the name may not be known yet when its node starts.
  server.listen(node.agentPort, isHostName(node.address) ? undefined : node.address)
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
      log.warn({ why: (error as Error).message }, 'what is done every second failed')
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

/** Those of clients are read whenever they are asked for: they are changed while the agent runs. */
function secretsIn(directory: string): NodeSecrets {
  const read = (name: string) => readFileSync(join(directory, name), 'utf8')
  return {
    internal: read('internal'),
    get password() {
      return read('password')
    },
    get otherPasswords() {
      const texts = ['password.next', 'password.old'].map((name) => readIfExists(join(directory, name)))
      return texts.filter((text) => text !== null)
    },
  }
}
