import { HoldfastError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'

/** Runs that many instances, until the next `up`. */
export async function scale(
  context: CommandContext,
  _options: object,
  [text = '']: readonly string[],
): Promise<number> {
  const instances = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (instances < 1 || instances > 64) {
    throw new HoldfastError('USAGE', `the number of instances must be from 1 to 64, not ${text}`, {
      exitCode: 2,
      hint: 'For example: ./holdfast scale 5',
    })
  }
  const { spec, target } = await openDeployment(context)
  return await runWithProgress(
    context,
    `./holdfast scale ${instances} goes on from here`,
    async (targetContext) => {
      await target.scale(instances, targetContext)
      context.print(`${spec.name} has ${instances} ${instances === 1 ? 'instance' : 'instances'}.`)
      if (instances !== spec.app.instances) {
        context.note(`The next up restores the spec's number: ${spec.app.instances} (app.instances)`)
      }
      return 0
    },
  )
}
