import type { Command } from 'commander'

import { runRole } from './roles.ts'
import type { Role, RoleContext } from './roles.ts'

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
  add('gateway', 'the gateway of a deployment, in the foreground')
    .option(...stateDir)
    .option(...spec)
  add('agent', 'the agent of a Redis node, in the foreground')
    .option('--node <index>', 'which node, from 0')
    .option(...stateDir)
    .option(...spec)
  add('supervisor', 'keeps the processes of a local deployment running', true)
    .option(...stateDir)
    .option(...spec)
}

function toArguments(options: Readonly<Record<string, unknown>>): string[] {
  const names = { stateDir: 'state-dir', node: 'node', spec: 'spec' }
  return Object.entries(names).flatMap(([key, name]) => {
    const value = options[key]
    return typeof value === 'string' ? [`--${name}`, value] : []
  })
}
