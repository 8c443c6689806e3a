import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { HoldfastError } from '../../errors.ts'
import { attachTo } from '../../kubernetes/exec.ts'
import type { Terminal } from '../target.ts'
import type { Cluster } from './cluster.ts'
import { requireRunning } from './operations.ts'
import { isReadyPod, partsOf, podName } from './parts.ts'

/** As the containers of Holdfast's image have it; read there, so that no command line has it. */
const client = 'REDISCLI_AUTH=$(cat /etc/holdfast/secrets/password) exec redis-cli "$@"'

/**
 * Redis' own client in the pod of a gateway, at that gateway.
 * @returns its exit code
 * @throws HoldfastError NOT_RUNNING
 */
export async function redisCli(
  cluster: Cluster,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { topology, pods } = await requireRunning(cluster, { signal: terminal.signal })
  const parts = partsOf(pods).filter(({ component, pod }) => component !== 'redis' && isReadyPod(pod))
  const part = parts.find(({ component }) => component === 'gateway') ?? parts[0]
  if (part === undefined) {
    throw new HoldfastError('NOT_RUNNING', 'no gateway is ready', { exitCode: 2, hint: './holdfast status' })
  }
  const name = { namespace: cluster.settings.namespace, pod: podName(part.pod), container: 'gateway' }
  const { port } = topology.gateway
  const { db } = topology.redis
  const database = db === 0 ? [] : ['-n', String(db)]
  const command = ['redis-cli', '-h', '127.0.0.1', '-p', String(port), ...database, ...args]
  if (terminal.isInteractive) {
    return await attachTo(cluster.api, name, ['/bin/sh', '-c', client, ...command], {
      ...terminal,
      tty: true,
    })
  }
  // The end of an input cannot be told to a container: how long it is can.
  const input = await buffer(terminal.stdin)
  const script = `head -c ${String(input.length)} | { ${client}; }`
  const stdin = new PassThrough()
  stdin.write(input)
  return await attachTo(cluster.api, name, ['/bin/sh', '-c', script, ...command], {
    ...terminal,
    stdin,
    tty: false,
  })
}
