import type { CommandContext } from '../context.ts'
import { readVersions } from '../versions.ts'

/** Prints the versions of everything that a deployment is made of. */
export async function version(
  context: CommandContext,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const versions = await readVersions(context.env)
  if (json) context.print(JSON.stringify(versions, null, 2))
  else
    for (const [name, text] of Object.entries(versions))
      context.print(`${name.padEnd(14)} ${text ?? 'not installed'}`)
  return 0
}
