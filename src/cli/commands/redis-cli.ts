import { HoldfastError } from '../../errors.ts'
import { findProgram, runInForeground } from '../../platform/run-program.ts'
import type { Target } from '../../targets/target.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'

/** Redis' own client at the gateway. The password is in its environment: arguments are visible to everybody. */
export async function redisCli(
  context: CommandContext,
  _options: object,
  args: readonly string[],
): Promise<number> {
  const { target } = await openDeployment(context)
  if (target.redisCli !== undefined) return await inThere(context, target, args)
  const { host, port, password, db } = await target.connection()
  const program = findProgram(['redis-cli', 'valkey-cli'], context.env)
  if (program === null) {
    throw new HoldfastError('BINARY_MISSING', 'redis-cli is not installed', {
      exitCode: 2,
      hint: 'sudo apt-get install redis-tools',
    })
  }
  const database = db === 0 ? [] : ['-n', String(db)]
  return await runInForeground(program, ['-h', host, '-p', String(port), ...database, ...args], {
    ...context.env,
    REDISCLI_AUTH: password,
  })
}

/** What is typed goes there key by key, and so does Ctrl-C. */
async function inThere({ signal }: CommandContext, target: Target, args: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process
  const isInteractive = stdin.isTTY && stdout.isTTY && args.length === 0
  if (isInteractive) stdin.setRawMode(true)
  try {
    return (await target.redisCli?.(args, { stdin, stdout, stderr, isInteractive, signal })) ?? 1
  } finally {
    if (isInteractive) stdin.setRawMode(false)
    // Otherwise it would be waited for.
    stdin.destroy()
  }
}
