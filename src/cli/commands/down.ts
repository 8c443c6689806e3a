import { confirm } from '../confirm.ts'
import type { CommandContext } from '../context.ts'
import { openByName } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'

/** Stops everything. Data stays, unless `purge`. */
export async function down(
  context: CommandContext,
  { purge = false, yes = false }: { readonly purge?: boolean; readonly yes?: boolean },
): Promise<number> {
  const { name, target } = await openByName(context)
  if (
    purge &&
    !yes &&
    !(await confirm(`Remove all data, logs and secrets of ${name} in ${target.place}?`, context, {
      what: 'down --purge removes all data',
      command: './holdfast down --purge --yes',
    }))
  ) {
    context.note('Nothing was done.')
    return 2
  }
  return await runWithProgress(context, './holdfast down goes on from here', async (targetContext) => {
    const changes = await target.remove({ purge }, targetContext)
    if (changes.length === 0) context.print(`${name} does not run: nothing to do.`)
    else if (purge) context.print(`${name} is stopped, its data is removed.`)
    else
      context.print(`${name} is stopped. Its data stays in ${target.place}; ./holdfast up starts it again.`)
    return 0
  })
}
