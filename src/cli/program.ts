import { isatty } from 'node:tty'
import { Command, CommanderError } from 'commander'

import type { CommandContext } from './context.ts'
import { defaultSpecFile } from './context.ts'
import { addRoles } from './role-commands.ts'
import type { RoleContext } from './roles.ts'

interface SharedOptions {
  readonly spec?: string
  readonly target?: string
  readonly context?: string
}

type Handler = (
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
) => Promise<number>

/**
 * Parses the command line and runs the command. Each is loaded only when it is asked for.
 * @returns the exit code
 */
export async function runProgram(argv: readonly string[], surroundings: RoleContext): Promise<number> {
  let exitCode = 0
  const program = createProgram(surroundings, (code) => {
    exitCode = code
  })
  try {
    await (argv.length === 0
      ? program.parseAsync(['help'], { from: 'user' })
      : program.parseAsync(argv, { from: 'user' }))
  } catch (error) {
    // Commander has said what is wrong; every mistake on the command line is exit code 2, help is 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
  return exitCode
}

function createProgram(surroundings: RoleContext, finished: (exitCode: number) => void): Command {
  const program = new Command('holdfast')
    .description(
      'Runs an application highly available over a replicated, password-protected Redis, without changing it.',
    )
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('See: ./holdfast help')
    .helpCommand('help [command]', 'what a command does and takes')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed or not healthy, 2 a mistake in what was asked, 130 after Ctrl-C.',
    )
  addSharedOptions(program)

  function add(usage: string, description: string, load: () => Promise<Handler>): Command {
    const command = program.command(usage).description(description)
    command.action(async () => {
      const options: SharedOptions & Record<string, unknown> = { ...program.opts(), ...command.opts() }
      const run = await load()
      finished(await run(createContext(options, surroundings), options, command.args))
    })
    return addSharedOptions(command)
  }

  add(
    'up',
    'brings what runs to what the spec says',
    async () => (await import('./commands/up.ts')).up,
  ).option('--dry-run', 'shows what it would change, step by step, and changes nothing')
  add(
    'status',
    'what runs; exit code 0 when healthy',
    async () => (await import('./commands/status.ts')).status,
  )
    .option('-w, --watch', 'goes on showing it until Ctrl-C')
    .option('--json', 'as JSON; with --watch a line for every change')
  add(
    'doctor',
    'what is wrong and what to type',
    async () => (await import('./commands/doctor.ts')).doctor,
  ).option('--json', 'as JSON')
  add('down', 'stops everything; data stays', async () => (await import('./commands/down.ts')).down)
    .option('--purge', 'removes data, logs and secrets, too')
    .option('-y, --yes', 'does not ask')
  add('scale <instances>', 'that many instances until the next up', async () => {
    return (await import('./commands/scale.ts')).scale
  })
  add(
    'refresh',
    'rolls the instances one by one, so that each runs the application as it is now',
    async () => {
      return (await import('./commands/refresh.ts')).refresh
    },
  )
  add('switchover', 'makes another Redis node the primary, nothing lost', async () => {
    return (await import('./commands/switchover.ts')).switchover
  })
    .alias('failover')
    .option('--to <node>', 'for example redis-1 (default: the best replica)')
  add(
    'restart <component>',
    'one part: redis-0, sentinel-0, agent-0, gateway, app-0, front-door',
    async () => {
      return (await import('./commands/restart.ts')).restart
    },
  )
  add('backup <file>', 'writes all data into one file, from a replica, while everything runs', async () => {
    return (await import('./commands/backup.ts')).backup
  })
    .option('--overwrite', 'replaces the file if it is there')
    .option('--json', 'the result as JSON')
  add('restore <file>', 'replaces all data by that of a backup, and starts everything', async () => {
    return (await import('./commands/restore.ts')).restore
  })
    .option('--check', 'only says whether the file is whole, and what is in it')
    .option('--overwrite', 'also a deployment that has data: that is put aside')
    .option('--json', 'the result as JSON')
  add('rotate-password', 'gives clients another password while everything runs', async () => {
    return (await import('./commands/rotate-password.ts')).rotatePassword
  }).option('--keep-old', 'the old one stays valid, until rotate-password is called again')
  add(
    'logs [component]',
    'the log of one part, or of all',
    async () => (await import('./commands/logs.ts')).logs,
  )
    .option('-f, --follow', 'goes on with what comes until Ctrl-C')
    .option('--json', 'the lines as they were written')
  add('env', 'prints the variables that connect a program: eval "$(./holdfast env)"', async () => {
    return (await import('./commands/env.ts')).env
  }).option('--json', 'as JSON')
  add('redis-cli [arguments...]', "Redis' own client at the gateway, with the password", async () => {
    return (await import('./commands/redis-cli.ts')).redisCli
  })
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
  add(
    'spec',
    'the effective spec: every field with its value',
    async () => (await import('./commands/spec.ts')).printSpec,
  ).option('--json', 'as JSON')
  add(
    'render',
    'prints the manifests for a cluster: YAML for kubectl apply -f and kustomize (--target kubernetes)',
    async () => (await import('./commands/render.ts')).render,
  ).option('--json', 'as one JSON list')
  add('image', 'the name of the image that a cluster runs; make image builds it', async () => {
    return (await import('./commands/image.ts')).image
  })
    .option('--push', 'brings it to the registry of its name, or into minikube, kind, k3d or k3s')
    .option('--json', 'as JSON')
  addVerify(add)
  add(
    'version',
    'versions of everything',
    async () => (await import('./commands/version.ts')).version,
  ).option('--json', 'as JSON')
  addRoles(program, surroundings, finished)
  return program
}

function addVerify(add: (usage: string, description: string, load: () => Promise<Handler>) => Command): void {
  add('verify', 'breaks the running system on purpose, and proves that nothing was lost', async () => {
    return (await import('./commands/verify.ts')).verify
  })
    .option('--for <duration>', 'how long: 90s, 10m, 1h (default: 60s)')
    .option(
      '--faults <names>',
      'ordinary (default), all, none, names, or a schedule: kill-primary@5s,switchover@20s',
    )
    .option('--workloads <names>', 'who calls (default: all that can)')
    .option('--clients <number>', 'callers in all (default: 32)')
    .option('--rate <number>', 'calls in a second in all (default: 200)')
    .option('--seed <number>', 'the same faults in the same order again')
    .option('--overlap', 'faults beside each other, while no more nodes are lost than may be')
    .option('--destructive', 'also faults that destroy stored data: on a deployment that is a throw-away')
    .option('--no-second-gateway', 'only the gateway of the deployment')
    .option('--against <url>', 'only calls, against any counter over HTTP; breaks nothing')
    .option('--report <directory>', 'where report and history go (default: .holdfast/reports)')
    .option('--list', 'workloads and faults: which can be had here, and why not')
    .option('--json', 'the result as JSON')
    .option('-y, --yes', 'does not ask')
    .addHelpText(
      'after',
      '\nExit codes: 0 proved, 1 violated, 2 it could not run or was not proved. docs/verify.md says what that means.',
    )
}

function addSharedOptions(command: Command): Command {
  const isRedisCli = command.name() === 'redis-cli'
  if (isRedisCli) return command
  return command
    .option('--spec <file>', `the spec (default: ${defaultSpecFile})`)
    .option('--target <target>', 'where it runs: local, kubernetes (default: as the spec says)')
    .option('--context <context>', 'of kubernetes.context the kube context to work with')
}

function createContext(options: SharedOptions, { env, signal }: RoleContext): CommandContext {
  return {
    env,
    signal,
    specFile: options.spec ?? defaultSpecFile,
    targetName: options.target,
    contextName: options.context,
    print: (line) => process.stdout.write(`${line}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
    // undefined where it is none, which others take for "as you like"
    stdout: { isTTY: isatty(1), columns: process.stdout.columns },
  }
}
