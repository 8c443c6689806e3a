import pico from 'picocolors'

import { requireComponent } from '../components.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { readableLine } from '../log-line.ts'

/** Prints the log of one part or of all; with `follow` until Ctrl-C. */
export async function logs(
  context: CommandContext,
  { follow = false, json = false }: { readonly follow?: boolean; readonly json?: boolean },
  [component]: readonly string[],
): Promise<number> {
  const { spec, target } = await openDeployment(context)
  if (component !== undefined && component !== 'supervisor') requireComponent(component, spec)
  const colors = pico.createColors(context.stdout.isTTY && pico.isColorSupported)
  for await (const line of target.logs(component, { follow, signal: context.signal })) {
    context.print(json ? line : readableLine(line, colors))
  }
  return 0
}
