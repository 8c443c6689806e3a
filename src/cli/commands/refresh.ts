import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'

/** Replaces the instances one by one, so that each runs the application as it is now. */
export async function refresh(context: CommandContext): Promise<number> {
  const { spec, target } = await openDeployment(context)
  return await runWithProgress(context, './holdfast refresh starts it again', async (targetContext) => {
    await target.refresh(targetContext)
    context.print(`The instances of ${spec.name} run the application as it is now.`)
    return 0
  })
}
