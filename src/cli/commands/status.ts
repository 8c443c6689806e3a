import { setTimeout as delay } from 'node:timers/promises'

import pico from 'picocolors'

import { openByName } from '../deployment.ts'
import type { CommandContext } from '../context.ts'
import { formatStatus } from '../status-text.ts'
import type { Status } from '../../targets/status.ts'

/** @returns 0 when healthy, 1 when not; watching ends by Ctrl-C alone */
export async function status(
  context: CommandContext,
  { json = false, watch = false }: { readonly json?: boolean; readonly watch?: boolean },
): Promise<number> {
  const { target } = await openByName(context)
  const colors = pico.createColors(context.stdout.isTTY && pico.isColorSupported)
  const asText = (now: Status): string => {
    if (json) return watch ? JSON.stringify(now) : JSON.stringify(now, null, 2)
    return formatStatus(now, colors)
  }
  let now = await target.observe()
  if (!watch) {
    context.print(asText(now))
    if (now.nodes.length === 0 && now.state === 'down' && !json) context.note('Start it with: ./holdfast up')
    return now.state === 'healthy' ? 0 : 1
  }
  for (let last = ''; !context.signal.aborted; now = await target.observe()) {
    const text = asText(now)
    if (text !== last) context.print(repaint(text, context.stdout.isTTY && !json))
    last = text
    await delay(1000, undefined, { signal: context.signal }).catch(() => undefined)
  }
  return 0
}

function repaint(text: string, isScreen: boolean): string {
  return isScreen ? `\u001b[H\u001b[2J\u001b[3J${text}` : text
}
