import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { findWrong, isUncertainScript, type Said } from './client-history.ts'
import type { ClientProgram } from './client-programs.ts'
import { eventually } from './eventually.ts'
import type { GatewayNodes } from './gateway-nodes.ts'

/** Programs of test/clients at work. */
export interface RunningClients {
  /** Until every kind of work of every program was answered this often from now on. @throws when one of them had an error, ever */
  goOn(times?: number, withinMs?: number): Promise<void>
  /** Lets them come to their end. @returns what went wrong in any of them, and how often each kind of work was done */
  finish(): Promise<{ readonly wrong: readonly string[]; readonly done: readonly Done[] }>
}

/** How often a program did a kind of work. */
export interface Done {
  readonly program: string
  readonly work: string
  readonly times: number
}

interface Running {
  readonly program: ClientProgram
  readonly child: ChildProcess
  readonly history: Said[]
  readonly exited: Promise<unknown>
}

interface Scene {
  readonly host: string
  readonly port: number
  readonly password: string
  /** What each program says is kept there, with the time: `ioredis-3.jsonl`. */
  readonly directory: string
}

/** At the gateway of these nodes; what the programs say is kept with the nodes' logs. */
export function sceneOf({ set }: GatewayNodes): Scene {
  const { host, port } = set.topology.gateway
  return { host, port, password: set.secrets.password, directory: join(set.stateDir, 'logs') }
}

/** Starts them at a Redis or a gateway, and returns when each has done some of everything. */
export async function startClients(
  t: TestContext,
  programs: readonly ClientProgram[],
  scene: Scene,
): Promise<RunningClients> {
  const running = programs.map((program) => start(program, scene))
  t.after(async () => {
    for (const { child } of running) killGroup(child)
    await Promise.all(running.map(({ exited }) => exited))
  })
  const errors = () =>
    running.flatMap(({ program, history }) => {
      const errors = history.filter((said) => said.error !== undefined && !isUncertainScript(said))
      return errors.map((said) => `${program.name}: ${JSON.stringify(said)}`)
    })
  const clients: RunningClients = {
    goOn: async (times = 2, withinMs = 30_000) => {
      const before = new Map(running.flatMap(done).map(({ program, work, times }) => [program + work, times]))
      await eventually('every kind of work goes on', withinMs, () => {
        if (errors().length > 0) return true
        const idle = running.flatMap(done).filter((each) => {
          return each.times < (before.get(each.program + each.work) ?? 0) + times
        })
        return idle.length === 0 || idle.map(({ program, work }) => `${program} ${work}`).join(', ')
      })
      assert.deepEqual(errors().slice(0, 20), [])
    },
    finish: async () => {
      for (const { child } of running) child.stdin?.end()
      const inTime = await Promise.all(running.map(ended))
      return {
        wrong: running.flatMap(({ program, child, history }, index) => {
          const status = child.exitCode === 0 ? [] : [`exit status ${child.exitCode}`]
          const hung = inTime[index] === true ? [] : ['it did not come to its end']
          return [...findWrong(history), ...status, ...hung].map((each) => `${program.name}: ${each}`)
        }),
        done: running.flatMap(done),
      }
    },
  }
  await eventually('every program is at work', 30_000, () => {
    const idle = running.filter(({ history }) => history.length === 0)
    return idle.length === 0 || idle.map(({ program }) => program.name).join()
  })
  await clients.goOn(3, 60_000)
  return clients
}

function start(program: ClientProgram, scene: Scene): Running {
  const [file, ...args] = program.argv
  const child = spawn(file, args, {
    // A group of its own: a shell's children end with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      PREFIX: program.name,
      RESP: String(program.resp),
      REDIS_HOST: scene.host,
      REDIS_PORT: String(scene.port),
      REDIS_PASSWORD: scene.password,
    },
  })
  const history: Said[] = []
  const kept = createWriteStream(join(scene.directory, `${program.name}.jsonl`))
  const listen = (stream: NodeJS.ReadableStream | null) => {
    if (stream === null) return
    createInterface({ input: stream }).on('line', (line) => {
      if (line === '') return
      const said = parse(line)
      history.push(said)
      kept.write(`${JSON.stringify({ at: new Date(), ...said })}\n`)
    })
  }
  listen(child.stdout)
  listen(child.stderr)
  return { program, child, history, exited: once(child, 'close').finally(() => kept.end()) }
}

/** A line that is no JSON, a stack trace, say, is an error. */
function parse(line: string): Said {
  try {
    return JSON.parse(line) as Said
  } catch {
    return { work: 'output', error: line }
  }
}

/** Without what is over: what a script did whose reply was lost is not known. */
function done({ program, history }: Running): readonly Done[] {
  const times = new Map<string, number>()
  for (const { work, error } of history) if (error === undefined) times.set(work, (times.get(work) ?? 0) + 1)
  times.delete('end')
  for (const said of history) if (isUncertainScript(said)) times.delete(said.work)
  return [...times].map(([work, count]) => ({ program: program.name, work, times: count }))
}

/** @returns whether it came to its end by itself, within 30 seconds */
async function ended({ child, exited }: Running): Promise<boolean> {
  const late = new AbortController()
  const limit = delay(30_000, false, { signal: late.signal }).catch(() => false)
  const inTime = await Promise.race([exited.then(() => true), limit])
  late.abort()
  if (!inTime) killGroup(child)
  await exited
  return inTime
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has just gone.
  }
}
