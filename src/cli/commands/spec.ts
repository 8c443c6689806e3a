import { loadSpec } from '../../spec/load.ts'
import { specText, writeSpec } from '../../spec/write.ts'
import type { CommandContext } from '../context.ts'
import { chosenTarget } from '../deployment.ts'

/** Prints the effective spec, as it could be written. A password is never in it, only where it comes from. */
export async function printSpec(
  context: CommandContext,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const { spec } = await loadSpec(context.specFile, chosenTarget(context.targetName))
  context.print(json ? JSON.stringify(writeSpec(spec), null, 2) : specText(spec).trimEnd())
  return 0
}
