import { HoldfastError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'

/** Makes another Redis node the primary. */
export async function switchover(context: CommandContext, { to }: { readonly to?: string }): Promise<number> {
  const { spec, target } = await openDeployment(context)
  const names = Array.from({ length: spec.redis.nodes }, (_, index) => `redis-${index}`)
  if (to !== undefined && !names.includes(to)) {
    throw new HoldfastError('USAGE', `there is no Redis node ${to}`, {
      exitCode: 2,
      hint: `The nodes are ${names.join(', ')}. For example: ./holdfast switchover --to redis-1`,
    })
  }
  return await runWithProgress(
    context,
    './holdfast status shows who is the primary now',
    async (targetContext) => {
      const primary = await target.switchover(to, targetContext)
      context.print(`The primary is ${primary}.`)
      return 0
    },
  )
}
