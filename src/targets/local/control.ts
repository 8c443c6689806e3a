import { chmodSync, rmSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { HoldfastError, type ErrorCode } from '../../errors.ts'
import { socketPath } from '../../platform/socket-path.ts'

/** What the supervisor can be asked to do over its unix socket: `POST /<command>`, arguments and answer JSON. */
export interface ControlCommands {
  apply: { arguments: object; result: { changes: string[] } }
  scale: { arguments: { instances: number }; result: object }
  refresh: { arguments: object; result: object }
  restart: { arguments: { component: string }; result: object }
  status: { arguments: object; result: SupervisorStatus }
  shutdown: { arguments: object; result: object }
}

export interface SupervisorStatus {
  readonly pid: number
  readonly components: readonly {
    readonly component: string
    readonly pid: number | null
    readonly restarts: number
    readonly failures: number
  }[]
  /** Instances that are to run now. */
  readonly instances: readonly number[]
}

export type CommandName = keyof ControlCommands
type Arguments<Name extends CommandName> = ControlCommands[Name]['arguments']
type Result<Name extends CommandName> = ControlCommands[Name]['result']

export interface CommandCall {
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal
  readonly step: (text: string) => void
}

export type CommandHandlers = {
  readonly [Name in CommandName]: (args: Arguments<Name>, call: CommandCall) => Promise<Result<Name>>
}

/** A line of an answer: any number of steps, then the result or the error. */
type AnswerLine =
  | { readonly step: string }
  | { readonly result: object }
  | {
      readonly error: {
        readonly code: ErrorCode
        readonly message: string
        readonly hint?: string
        readonly exitCode: 1 | 2
      }
    }

/** The caller holds the supervisor's lock: a socket file that is there is a dead one's. */
export async function serveControl(path: string, handlers: CommandHandlers): Promise<Server> {
  rmSync(path, { force: true })
  const server = createServer((incoming, response) => {
    const name = (incoming.url ?? '').slice(1)
    const gone = new AbortController()
    response.on('close', () => {
      gone.abort(new HoldfastError('BUSY', 'the caller has gone'))
    })
    const write = (line: AnswerLine) => response.write(`${JSON.stringify(line)}\n`)
    const answer = async () => {
      const handler = Object.hasOwn(handlers, name) ? handlers[name as CommandName] : undefined
      if (handler === undefined || incoming.method !== 'POST') {
        throw new HoldfastError('UNSUPPORTED', `the supervisor knows no command ${name}`, {
          hint: 'It may be of an older version: ./holdfast down && ./holdfast up',
        })
      }
      const args = JSON.parse((await readAll(incoming)) || '{}') as never
      return await handler(args, { signal: gone.signal, step: (step) => write({ step }) })
    }
    answer()
      .then(
        (result) => write({ result }),
        (error: unknown) => write({ error: describe(error) }),
      )
      .finally(() => response.end())
      .catch(() => undefined)
  })
  server.requestTimeout = 0
  server.listen(socketPath(path))
  await once(server, 'listening')
  chmodSync(path, 0o600)
  return server
}

/**
 * Asks the supervisor.
 * @throws HoldfastError NOT_RUNNING when none listens, else what it answered
 */
export async function askSupervisor<Name extends CommandName>(
  path: string,
  name: Name,
  args: Arguments<Name>,
  {
    signal,
    onStep = () => undefined,
  }: { readonly signal?: AbortSignal; readonly onStep?: (text: string) => void } = {},
): Promise<Result<Name>> {
  let response: IncomingMessage
  try {
    const outgoing = request({
      socketPath: socketPath(path),
      method: 'POST',
      path: `/${name}`,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    })
    outgoing.end(JSON.stringify(args))
    ;[response] = (await once(outgoing, 'response')) as [IncomingMessage]
  } catch (error) {
    signal?.throwIfAborted()
    throw new HoldfastError('NOT_RUNNING', 'the supervisor does not answer', {
      hint: './holdfast up',
      cause: error,
    })
  }
  try {
    for await (const text of createInterface({ input: response })) {
      const line = JSON.parse(text) as AnswerLine
      if ('step' in line) onStep(line.step)
      else if ('result' in line) return line.result
      else throw new HoldfastError(line.error.code, line.error.message, line.error)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
  signal?.throwIfAborted()
  throw new HoldfastError('NOT_RUNNING', `the supervisor ended during ${name}`, {
    hint: 'Do it again; ./holdfast status',
  })
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function describe(error: unknown) {
  if (error instanceof HoldfastError) {
    const { code, message, hint, exitCode } = error
    return { code, message, exitCode, ...(hint === undefined ? {} : { hint }) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'INTERNAL' as const, message, exitCode: 1 as const }
}
