import { createInterface } from 'node:readline/promises'

import { HoldfastError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { openByName } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'

/** Stops everything. Data stays, unless `purge`. */
export async function down(
  context: CommandContext,
  { purge = false, yes = false }: { readonly purge?: boolean; readonly yes?: boolean },
): Promise<number> {
  const { name, stateDir, target } = await openByName(context)
  if (
    purge &&
    !yes &&
    !(await confirm(`Remove all data, logs and secrets of ${name} in ${stateDir}?`, context))
  ) {
    context.note('Nothing was done.')
    return 2
  }
  return await runWithProgress(context, './holdfast down goes on from here', async (targetContext) => {
    const changes = await target.remove({ purge }, targetContext)
    if (changes.length === 0) context.print(`${name} does not run: nothing to do.`)
    else if (purge) context.print(`${name} is stopped, its data is removed.`)
    else context.print(`${name} is stopped. Its data stays in ${stateDir}; ./holdfast up starts it again.`)
    return 0
  })
}

/** A person must type "yes"; where there is none, --yes must have been given. */
async function confirm(question: string, { signal }: CommandContext): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new HoldfastError('USAGE', 'down --purge removes all data, and there is no terminal to ask', {
      exitCode: 2,
      hint: 'If that is meant: ./holdfast down --purge --yes',
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(`${question} Type yes: `, { signal })).trim().toLowerCase() === 'yes'
  } finally {
    terminal.close()
  }
}
