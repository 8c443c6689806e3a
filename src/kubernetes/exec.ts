import { PassThrough, type Readable, type Writable } from 'node:stream'
import type { ClusterApi } from './api.ts'

export interface ContainerName {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
  /** null: the command did not end by itself, or the container has ended. */
  readonly exitCode: number | null
}

interface ExecStatus {
  readonly status?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}

interface ExecSocket {
  onclose: () => void
  onerror: () => void
  close(): void
}

/** A command under way in a container. */
export interface Running {
  /** Once it has ended, or the connection to it. */
  readonly ended: Promise<ExecResult>
  /** What it has printed so far. */
  readonly printed: () => string
  /** Ends the connection, and with it what the command reads. */
  readonly close: () => void
}

/**
 * Starts a command in a container, as `kubectl exec` does; arguments are seen by everybody in it. Its standard input stays open until
 * `close`, or until this process is gone.
 * @throws Error when the cluster does not start it
 */
export async function startIn(
  { connection: { client, config } }: ClusterApi,
  { namespace, pod, container }: ContainerName,
  command: readonly string[],
): Promise<Running> {
  const [stdout, stderr, stdin] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const texts = { stdout: '', stderr: '' }
  stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text))
  stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text))
  let exitCode: number | null = null
  const socket = (await new client.Exec(config).exec(
    namespace,
    pod,
    container,
    [...command],
    stdout,
    stderr,
    stdin,
    false,
    (status) => {
      exitCode = exitCodeOf(status)
    },
  )) as unknown as ExecSocket
  const { promise: ended, resolve } = Promise.withResolvers<ExecResult>()
  const end = () => {
    resolve({ ...texts, exitCode })
  }
  socket.onclose = end
  socket.onerror = end
  return {
    ended,
    printed: () => texts.stdout,
    close: () => {
      socket.close()
    },
  }
}

/** Runs a command in a container to its end. @throws Error when it cannot be started; the signal's reason when that is aborted */
export async function runIn(
  api: ClusterApi,
  name: ContainerName,
  command: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> {
  signal.throwIfAborted()
  const running = await startIn(api, name, command)
  const { promise: aborted, resolve: abort } = Promise.withResolvers<null>()
  const onAbort = () => {
    abort(null)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const result = await Promise.race([running.ended, aborted])
    if (result === null) throw signal.reason
    return result
  } finally {
    signal.removeEventListener('abort', onAbort)
    running.close()
  }
}

function exitCodeOf({ status, details }: ExecStatus): number | null {
  if (status === 'Success') return 0
  const cause = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  return cause === undefined ? null : Number(cause)
}

export interface Attached {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** As on a terminal, both ways. */
  readonly tty: boolean
  readonly signal: AbortSignal
}

/** Runs a command in a container with these as its own. @returns its exit code; 1 when nobody says it */
export async function attachTo(
  { connection: { client, config } }: ClusterApi,
  { namespace, pod, container }: ContainerName,
  command: readonly string[],
  { stdin, stdout, stderr, tty, signal }: Attached,
): Promise<number> {
  const seen: { exitCode: number | null } = { exitCode: null }
  const socket = (await new client.Exec(config).exec(
    namespace,
    pod,
    container,
    [...command],
    stdout,
    // A terminal has one output.
    tty ? null : stderr,
    stdin,
    tty,
    (status) => {
      seen.exitCode = exitCodeOf(status)
    },
  )) as unknown as ExecSocket
  await new Promise<void>((resolve, reject) => {
    socket.onclose = resolve
    socket.onerror = resolve
    signal.addEventListener(
      'abort',
      () => {
        socket.close()
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
  return seen.exitCode ?? 1
}
