import { HoldfastError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'
import { readWanted, specOption } from './up.ts'

/** Gives clients a new password: a generated one, or what redis.password in the spec now says. */
export async function rotatePassword(
  context: CommandContext,
  { keepOld = false }: { readonly keepOld?: boolean },
): Promise<number> {
  const deployment = await openDeployment(context)
  const { spec, target } = deployment
  if (target.rotatePassword === undefined) {
    throw new HoldfastError('UNSUPPORTED', `the target ${target.kind} cannot change its password yet`, {
      exitCode: 2,
    })
  }
  const { password } = await readWanted(deployment, context)
  const rotate = target.rotatePassword.bind(target)
  const again = `./holdfast rotate-password${specOption(context)}`
  return await runWithProgress(context, `${again} goes on from here`, async (targetContext) => {
    const { changed, resumed, bothValid } = await rotate({ password, keepOld }, targetContext)
    if (!changed) {
      context.print(`${spec.name} has the password that redis.password names already: nothing to do.`)
      return 0
    }
    if (resumed) context.note('This finished the change that was begun before.')
    context.print(`${spec.name} has a new password. For programs that are not its own: ./holdfast env`)
    if (bothValid) context.print(`  the old one is valid, too, until: ${again}`)
    return 0
  })
}
