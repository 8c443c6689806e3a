import { HoldfastError } from '../../errors.ts'
import { findProgram, runInForeground } from '../../platform/run-program.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'

/** Redis' own client at the gateway, as the operator. The password is in its environment: arguments are visible to everybody. */
export async function redisCli(
  context: CommandContext,
  _options: object,
  args: readonly string[],
): Promise<number> {
  const { target, spec } = await openDeployment(context)
  if (target.kind === 'kubernetes') {
    throw new HoldfastError('UNSUPPORTED', 'nothing outside of the cluster reaches Redis', {
      exitCode: 2,
      hint: `kubectl -n ${spec.kubernetes.namespace} exec -it deploy/${spec.name} -c gateway -- sh -c 'REDISCLI_AUTH=$(cat /etc/holdfast/secrets/password) exec redis-cli'`,
    })
  }
  const { host, port, password, db } = await target.connection('operator')
  const program = findProgram(['redis-cli', 'valkey-cli'], context.env)
  if (program === null) {
    throw new HoldfastError('BINARY_MISSING', 'redis-cli is not installed', {
      exitCode: 2,
      hint: 'sudo apt-get install redis-tools',
    })
  }
  const database = db === 0 ? [] : ['-n', String(db)]
  const own = ['-h', host, '-p', String(port), '--user', 'operator', ...database]
  return await runInForeground(program, [...own, ...args], { ...context.env, REDISCLI_AUTH: password })
}
