import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderHaproxyCfg } from '../../src/render/haproxy-cfg.ts'
import { parseSpec } from '../../src/spec/parse.ts'
import { buildTopology } from '../../src/topology/build.ts'
import { startChild } from './children.ts'
import { freePorts } from './free-ports.ts'
import { until } from './until.ts'

export interface FrontDoorOptions {
  /** A program of bench/peers that is told HOST, PORT and where its Redis is. */
  readonly program: 'counter.ts' | 'counter-get-set.ts' | 'get-set.ts'
  readonly host: string
  readonly redis: { readonly host: string; readonly port: number; readonly password: string }
}

const instances = 3

/** What a default deployment has before its gateway, before something else: three instances behind HAProxy with the same configuration. */
export async function startFrontDoor(
  scope: AsyncDisposableStack,
  { program, host, redis }: FrontDoorOptions,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-front-'))
  scope.defer(() => rm(directory, { recursive: true, force: true }))
  const [port, appPort] = [await freePorts(host, 1), await freePorts('127.0.0.1', instances)]
  const spec = `app: { port: ${appPort} }\nfrontDoor: { listen: "${host}:${port}" }\n`
  const topology = buildTopology(parseSpec(spec, 'bench'), directory)
  const script = fileURLToPath(new URL(`../peers/${program}`, import.meta.url))
  for (const instance of topology.app.instances) {
    const env = {
      ...process.env,
      HOST: instance.host,
      PORT: String(instance.port),
      REDIS_HOST: redis.host,
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD: redis.password,
    }
    // The same memory setting as a deployment's own instances.
    startChild(scope, process.execPath, ['--max-semi-space-size=1', script], { env, stdio: 'ignore' })
  }
  const file = join(directory, 'haproxy.cfg')
  await writeFile(
    file,
    renderHaproxyCfg(topology, {
      runtimeSocket: `unix@${join(directory, 'haproxy.sock')}`,
      ready: topology.app.instances.map(({ index }) => index),
      listenFd: null,
      maxConnections: 4096,
    }),
  )
  startChild(scope, 'haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  const url = `http://${host}:${port}`
  await until(`${program} at ${url}`, 20_000, 100, async () => {
    const { status } = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(1000) })
    return status === 200 ? { status } : `status ${status}`
  })
  return url
}
