import { requireComponent } from '../components.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'

/** Restarts one part. */
export async function restart(
  context: CommandContext,
  _options: object,
  [name = '']: readonly string[],
): Promise<number> {
  const { spec, target } = await openDeployment(context)
  requireComponent(name, spec)
  return await runWithProgress(context, './holdfast status shows what runs', async (targetContext) => {
    await target.restart(name, targetContext)
    context.print(`${name} was restarted.`)
    return 0
  })
}
