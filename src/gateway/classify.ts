import { flushAllScript } from '../insync/scripts.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Command } from './command.ts'
import { treat } from './command-rules.ts'
import { cursorAt, cursorForRedis } from './cursors.ts'
import type { Hub } from './hub.ts'
import { routeOf } from './routes.ts'

/** The first words of a web page that posts a form at Redis: redis-server ends such a connection without a word. */
export const webWords: ReadonlySet<string> = new Set(['POST', 'HOST:'])
/** What ends its connection must not be sent on one that others share. */
const endingWords = new Set([...webWords, 'QUIT'])

/** Notes with a command of somebody who is known how it goes on, by what the present primary says of it. */
export function classify(command: Command, hub: Hub): void {
  const table = hub.commands()
  if (command.table === table) {
    if (command.cursorAt > 0) placeCursor(command, hub)
    return
  }
  const { request } = command
  const { route, facts } = routeOf(request, table)
  command.table = table
  command.route = route
  command.facts = facts
  const treatment = treat(request, hub.databases)
  command.refused = treatment.kind === 'refuse' || endingWords.has(request.name)
  if (facts === undefined) return
  hub.scripts.saw(request)
  command.cursorAt = cursorAt(request.name)
  if (command.cursorAt > 0) placeCursor(command, hub)
  if (treatment.kind !== 'flush-all') return
  const { mode } = treatment
  command.replacement = encodeCommand(['EVAL', flushAllScript, '0', mode, String(hub.markersDb)])
}

/** Its cursor as the present primary knows it, or from the beginning. Its answer is changed, so no script carries it. */
function placeCursor(command: Command, hub: Hub): void {
  const { request, cursorAt: at } = command
  command.direct = true
  command.cursorEpoch = hub.target()?.epoch.number ?? 0
  const cursor = cursorForRedis(request.arg(at) ?? '', command.cursorEpoch)
  if (cursor !== null) command.replacement = encodeCommand(request.args().with(at, cursor), 'latin1')
}
