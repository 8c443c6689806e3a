import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltImage } from './image.ts'
import { commandLine, main } from './command-line.ts'

const execute = promisify(execFile)

/** Why there can be no cluster here, or false: for the `skip` of a suite. */
export function noCluster(env: NodeJS.ProcessEnv): string | false {
  if (env.TEST_CLUSTER === undefined || env.TEST_CLUSTER === '') {
    return 'TEST_CLUSTER names no directory with the commands up, down, k, node, load-image and forward'
  }
  return process.getuid?.() === 0 ? false : 'the test cluster needs root'
}

/** A real cluster, with one directory that has a spec. */
export interface TestCluster {
  /** ./holdfast in the directory of the spec. */
  readonly holdfast: ReturnType<typeof commandLine>['run']
  readonly start: ReturnType<typeof commandLine>['start']
  /** The same, with something to read. @returns what it printed */
  holdfastReads(args: readonly string[], input: string): Promise<string>
  /** kubectl */
  kubectl(...args: readonly string[]): Promise<string>
  spec(text: string): void
  /** Brings an image into every machine under another name. */
  load(image: BuiltImage, name: string): Promise<void>
  /** A NodePort of a machine of the cluster, on a port of this machine. */
  forward(port: number, nodePort: number, machine?: string): Promise<void>
  /** Its power (off, and on again) and its cable. */
  machine(verb: 'kill' | 'start' | 'cut' | 'heal', machine: string): Promise<void>
  /** Ends everything of the cluster; what it has stored stays, and it goes on with it. */
  stopAndStart(): Promise<void>
  /** Of the administrator. */
  readonly kubeconfig: string
  remove(): Promise<void>
}

/**
 * The cluster that the commands in `env.TEST_CLUSTER` bring up (up --nodes N, down, k ARG…, node VERB nX, load-image FILE,
 * forward PORT nX:PORT). One
 * that runs already is used as it is, and left running.
 */
export async function testCluster(env: NodeJS.ProcessEnv, nodes = 3): Promise<TestCluster> {
  const commands = env.TEST_CLUSTER ?? ''
  const command = async (name: string, ...args: readonly string[]): Promise<string> =>
    (await execute(join(commands, name), args, { maxBuffer: 1 << 26 })).stdout
  const isRunning = await command('k', 'get', 'nodes').then(
    () => true,
    () => false,
  )
  await quietly(join(commands, 'up'), '--nodes', String(nodes))
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, await command('k', 'config', 'view', '--raw', '--flatten'), { mode: 0o600 })
  const { run, start } = commandLine(() => directory)
  const forwards = new Map<number, string>()
  const undo = new Map<string, 'start' | 'heal'>()
  const forward = (port: number, to: string) => command('forward', String(port), to)
  return {
    holdfast: (args, more) => run(args, { KUBECONFIG: kubeconfig, ...more }),
    start: (args, more) => start(args, { KUBECONFIG: kubeconfig, ...more }),
    holdfastReads: async (args, input) => {
      const env = { ...process.env, KUBECONFIG: kubeconfig }
      const running = execute(process.execPath, [main, ...args], { cwd: directory, env })
      running.child.stdin?.end(input)
      return (await running).stdout
    },
    kubectl: (...args) => command('k', ...args),
    spec: (text) => {
      writeFileSync(join(directory, 'holdfast.yaml'), text)
    },
    load: async (image, name) => {
      const file = join(directory, 'image.tar')
      image.save(name, file)
      await command('load-image', file)
      rmSync(file)
    },
    kubeconfig,
    forward: async (port, nodePort, machine = 'n1') => {
      const to = `${machine}:${String(nodePort)}`
      forwards.set(port, to)
      await forward(port, to)
    },
    machine: async (verb, machine) => {
      if (verb === 'kill' || verb === 'cut') undo.set(machine, verb === 'kill' ? 'start' : 'heal')
      else undo.delete(machine)
      // What a machine that starts runs goes on writing to where the command did.
      await quietly(join(commands, 'node'), verb, machine)
    },
    stopAndStart: async () => {
      await command('down', '--keep')
      await quietly(join(commands, 'up'), '--nodes', String(nodes))
      for (const [port, to] of forwards) await forward(port, to)
    },
    remove: async () => {
      for (const [machine, verb] of undo) await quietly(join(commands, 'node'), verb, machine)
      for (const port of forwards.keys()) await forward(port, 'off')
      rmSync(directory, { recursive: true, force: true })
      if (!isRunning) await command('down')
    },
  }
}

/** Its output goes on as long as the cluster does: nobody waits for the end of it. */
async function quietly(program: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] })
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('exit', resolve)
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(status)}`)
}
