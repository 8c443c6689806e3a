import { stringify } from 'yaml'

import { loadSpec } from '../../spec/load.ts'
import { writeSpec } from '../../spec/write.ts'
import type { CommandContext } from '../context.ts'

/** Prints the effective spec, as it could be written. A password is never in it, only where it comes from. */
export async function spec(
  context: CommandContext,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const written = writeSpec((await loadSpec(context.specFile)).spec)
  context.print(json ? JSON.stringify(written, null, 2) : stringify(written, { lineWidth: 0 }).trimEnd())
  return 0
}
