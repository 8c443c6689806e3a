import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltImage } from './image.ts'
import { commandLine } from './command-line.ts'

const execute = promisify(execFile)

/** Why there can be no cluster here, or false: for the `skip` of a suite. */
export function noCluster(env: NodeJS.ProcessEnv): string | false {
  if (env.TEST_CLUSTER === undefined || env.TEST_CLUSTER === '') {
    return 'TEST_CLUSTER names no directory with the commands up, down, k, load-image and forward'
  }
  return process.getuid?.() === 0 ? false : 'the test cluster needs root'
}

/** A real cluster, with one directory that has a spec. */
export interface TestCluster {
  /** ./holdfast in the directory of the spec. */
  readonly holdfast: ReturnType<typeof commandLine>['run']
  readonly start: ReturnType<typeof commandLine>['start']
  /** kubectl */
  kubectl(...args: readonly string[]): Promise<string>
  spec(text: string): void
  /** Brings an image into every machine under another name. */
  load(image: BuiltImage, name: string): Promise<void>
  /** A NodePort, on a port of this machine. */
  forward(port: number, nodePort: number): Promise<void>
  remove(): Promise<void>
}

/**
 * The cluster that the commands in `env.TEST_CLUSTER` bring up (up --nodes N, down, k ARG…, load-image FILE, forward PORT nX:PORT). One
 * that runs already is used as it is, and left running.
 */
export async function testCluster(env: NodeJS.ProcessEnv): Promise<TestCluster> {
  const commands = env.TEST_CLUSTER ?? ''
  const command = async (name: string, ...args: readonly string[]): Promise<string> =>
    (await execute(join(commands, name), args, { maxBuffer: 1 << 26 })).stdout
  const isRunning = await command('k', 'get', 'nodes').then(
    () => true,
    () => false,
  )
  await up(join(commands, 'up'))
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, await command('k', 'config', 'view', '--raw', '--flatten'), { mode: 0o600 })
  const { run, start } = commandLine(() => directory)
  const forwards: number[] = []
  return {
    holdfast: (args, more) => run(args, { KUBECONFIG: kubeconfig, ...more }),
    start: (args, more) => start(args, { KUBECONFIG: kubeconfig, ...more }),
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
    forward: async (port, nodePort) => {
      forwards.push(port)
      await command('forward', String(port), `n1:${String(nodePort)}`)
    },
    remove: async () => {
      for (const port of forwards) await command('forward', String(port), 'off')
      rmSync(directory, { recursive: true, force: true })
      if (!isRunning) await command('down')
    },
  }
}

/** Its output goes on as long as the cluster does: nobody waits for the end of it. */
async function up(program: string): Promise<void> {
  const child = spawn(program, ['--nodes', '3'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('exit', resolve)
  })
  if (status !== 0) throw new Error(`${program} --nodes 3 ended with ${String(status)}`)
}
