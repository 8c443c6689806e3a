import { createInterface } from 'node:readline/promises'

import { HoldfastError } from '../errors.ts'
import type { CommandContext } from './context.ts'

/**
 * A person must type "yes"; where there is none, --yes must have been given.
 * @param without what would be done, and the command that does it without asking
 * @throws HoldfastError USAGE when there is nobody to ask
 */
export async function confirm(
  question: string,
  { signal }: Pick<CommandContext, 'signal'>,
  without: { readonly what: string; readonly command: string },
): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new HoldfastError('USAGE', `${without.what}, and there is no terminal to ask`, {
      exitCode: 2,
      hint: `If that is meant: ${without.command}`,
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(`${question} Type yes: `, { signal })).trim().toLowerCase() === 'yes'
  } finally {
    terminal.close()
  }
}
