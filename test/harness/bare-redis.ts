import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

export interface BareRedis extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly process: ChildProcess
  /** A client of the test's own, as strict about retries as the counter's. */
  connect(options?: { readonly db?: number }): Redis
  /** SIGKILL, and reaped. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export interface BareRedisOptions {
  readonly host: string
  /** Default: a port that was free a moment ago. */
  readonly port?: number
  readonly password?: string
  readonly extraArgs?: readonly string[]
}

/** One redis-server without persistence, answering when this resolves; rejects with its log when it dies before. */
export async function startBareRedis(options: BareRedisOptions): Promise<BareRedis> {
  const { host, password, port = await freePort(host) } = options
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-redis-'))
  const secret = password === undefined ? [] : ['--requirepass', password]
  const child = spawn(
    'redis-server',
    ['--bind', host, '--port', String(port), '--save', '', '--dir', directory, ...secret].concat(
      options.extraArgs ?? [],
    ),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    }
    await rm(directory, { recursive: true, force: true })
  }
  await untilLogSays(child, 'Ready to accept connections')
  return {
    host,
    port,
    process: child,
    connect: ({ db = 0 } = {}) =>
      new Redis({ host, port, db, ...(password === undefined ? {} : { password }), maxRetriesPerRequest: 0 }),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  }
}

/** A TCP port of that address that nobody listens on at this moment. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function untilLogSays(child: ChildProcess, words: string): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk
      if (log.includes(words)) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      reject(new Error(`redis-server exited with ${String(code)}:\n${log}`))
    })
  })
  child.stdout?.removeAllListeners('data').resume()
}
