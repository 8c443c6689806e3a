import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from '../support/children.ts'
import { freePorts } from '../support/free-ports.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** HAProxy with one thread that passes bytes on to one Redis. */
export async function startTcpProxy(
  scope: AsyncDisposableStack,
  host: string,
  to: Address,
): Promise<Address & { readonly pid: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-proxy-'))
  scope.defer(() => rm(directory, { recursive: true, force: true }))
  const port = await freePorts(host, 1)
  const file = join(directory, 'haproxy.cfg')
  await writeFile(
    file,
    `global
  nbthread 1
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen redis
  bind ${host}:${port}
  server primary ${to.host}:${to.port}
`,
  )
  const { pid = 0 } = startChild(scope, 'haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  return { host, port, pid }
}
