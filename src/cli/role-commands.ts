import type { Command } from 'commander'

import { runRole } from './roles.ts'
import type { Role, RoleContext } from './roles.ts'
import { standaloneFlags } from './standalone-flags.ts'

const stateDir = ['--state-dir <directory>', "the deployment's state (default: beside the spec)"] as const
const spec = ['--spec <file>', 'the spec whose deployment it belongs to'] as const

/** The roles as commands: for their help, and for options before their name. The usual way in is runRole in main.ts. */
export function addRoles(program: Command, context: RoleContext, finished: (exitCode: number) => void): void {
  function add(role: Role, description: string, hidden = false): Command {
    const command = program.command(role, { hidden }).description(description)
    return command.action(async () => {
      const options: Record<string, unknown> = { ...program.opts(), ...command.opts() }
      finished(await runRole(role, toArguments(options), context))
    })
  }

  add('counter', 'the counter alone, in the foreground').addHelpText(
    'after',
    '\nVariables: PORT (8080), HOST (0.0.0.0), REDIS_HOST (127.0.0.1), REDIS_PORT (6379), REDIS_PASSWORD (empty), REDIS_DB (0);\nMETRICS_PORT (none) for Prometheus, LOG_LEVEL (warn).',
  )
  const gateway = add('gateway', 'the gateway alone: of a deployment, or before sentinels of your own')
    .option(...stateDir)
    .option(...spec)
  for (const [name, value, text] of standaloneFlags) gateway.option(`--${name} ${value}`, text)
  gateway.addHelpText('after', standaloneHelp)
  add('agent', 'the agent of a Redis node, in the foreground')
    .option('--node <index>', 'which node, from 0; or a name that ends with it: counter-redis-0')
    .option('--config <directory>', 'topology.json and secrets/, for a container (default: the state)')
    .option(...stateDir)
    .option(...spec)
  add('supervisor', 'keeps the processes of a local deployment running', true)
    .option(...stateDir)
    .option(...spec)
}

const standaloneHelp = `
Before sentinels of your own (docs/standalone.md), for example:
  HOLDFAST_REDIS_PASSWORD_FILE=/run/secrets/redis ./holdfast gateway \\
    --sentinels 10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379 --name mymaster --listen 127.0.0.1:6380
Each flag can be a variable: --markers-db is HOLDFAST_MARKERS_DB. Passwords are variables or files only:
HOLDFAST_REDIS_PASSWORD(_FILE), HOLDFAST_SENTINEL_PASSWORD(_FILE).`

/** Back into words, for the way that goes around the command-line parser. */
function toArguments(options: Readonly<Record<string, unknown>>): string[] {
  const names = ['state-dir', 'config', 'node', 'spec', ...standaloneFlags.map(([name]) => name)]
  return names.flatMap((name) => {
    const value = options[name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())]
    return typeof value === 'string' ? [`--${name}`, value] : []
  })
}
