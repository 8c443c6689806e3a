import { randomInt } from 'node:crypto'
import pico from 'picocolors'

import { HoldfastError } from '../../errors.ts'
import { workloads } from '../../verify/workloads/all.ts'
import type { CommandContext } from '../context.ts'
import { runWithProgress } from '../run-target.ts'
import { runAgainst } from '../verify-against.ts'
import { listHere, runHere } from '../verify-here.ts'
import { formatList } from '../verify-list.ts'
import { readVerifyOptions, type VerifyFlags } from '../verify-options.ts'
import { present } from '../verify-outcome.ts'

/**
 * Breaks the running system on purpose, and judges what its callers saw.
 * @returns 0 proved, 1 violated (and only then), 2 it could not run or was not proved
 */
export async function verify(context: CommandContext, flags: VerifyFlags): Promise<number> {
  const names = workloads.map(({ name }) => name)
  const options = readVerifyOptions(flags, randomInt(1, 1_000_000), names)
  if (flags.list === true) {
    const list = await listHere(context, options)
    const colors = pico.createColors(context.stdout.isTTY && pico.isColorSupported)
    if (flags.json === true) context.print(JSON.stringify(list, null, 2))
    else for (const line of formatList(list, colors)) context.print(line)
    return 0
  }
  return await runWithProgress(
    context,
    'everything is healed, and its keys are removed; --seed repeats it',
    async (targetContext) => {
      const farewell = (): void => {
        targetContext.progress.step('ending: heals, stops and removes; another Ctrl-C leaves at once')
      }
      context.signal.addEventListener('abort', farewell, { once: true })
      try {
        const outcome =
          options.against === null
            ? await runHere(context, options, flags.yes ?? false, targetContext)
            : await runAgainst(context, options, options.against, flags.yes ?? false, targetContext)
        // Also takes the line of what was waited for away.
        targetContext.progress.step('')
        return present(context, outcome, flags.json ?? false)
      } catch (error) {
        context.signal.throwIfAborted()
        throw couldNotRun(error, context)
      } finally {
        context.signal.removeEventListener('abort', farewell)
      }
    },
  )
}

/** Exit code 1 says that the promise was violated, and nothing else may. */
function couldNotRun(error: unknown, { note }: CommandContext): HoldfastError {
  if (!(error instanceof HoldfastError)) {
    note(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return new HoldfastError('INTERNAL', 'the drill itself failed', { exitCode: 2, cause: error })
  }
  if (error.exitCode === 2) return error
  const { code, message, hint, cause } = error
  return new HoldfastError(code, message, { exitCode: 2, cause, ...(hint === undefined ? {} : { hint }) })
}
