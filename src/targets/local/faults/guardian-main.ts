import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '../../../platform/log.ts'
import { healLeftOver } from './left-over.ts'
import { openJournal } from './undo-journal.ts'

interface Orders {
  readonly stateDir: string
  /** Of the verify that is watched. */
  readonly pid: number
}

/** What cannot be healed by then is left to the next command. */
const patienceMs = 60_000
const betweenMs = 2000

/** The guardian as a process: see guardian.ts. Its orders are the first line of its stdin; it says `ready`. */
const log = createLogger('guardian')
const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string]
const { stateDir, pid } = JSON.parse(line) as Orders
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
const ended = once(process.stdin.resume(), 'close')
process.stdout.on('error', () => undefined)
process.stdout.write('ready\n')
await ended
const journal = openJournal(stateDir)
const deadline = performance.now() + patienceMs
// None is left when it ended in order. While it is still dying it counts as the one who heals.
while (journal.steps().length > 0 && performance.now() < deadline) {
  try {
    if (await healLeftOver(stateDir)) log.warn({ verify: pid }, 'verify is gone; healed what it had broken')
    else await delay(50)
  } catch (error) {
    log.error({ err: error }, 'could not heal everything')
    await delay(betweenMs)
  }
}
process.exit(0)
