import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '../../../platform/log.ts'
import { isAlive } from '../../../platform/proc.ts'
import { healLeftOver } from './undo.ts'

interface Orders {
  readonly stateDir: string
  /** Of the verify that is watched. */
  readonly pid: number
  readonly startTime: number
}

const attempts = 5
const betweenMs = 2000

/** The guardian as a process: see guardian.ts. Its orders are the first line of its stdin; it says `ready`. */
const log = createLogger('guardian')
const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string]
const { stateDir, pid, startTime } = JSON.parse(line) as Orders
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
const ended = once(process.stdin.resume(), 'close')
process.stdout.on('error', () => undefined)
process.stdout.write('ready\n')
await ended
// Orderly: it healed everything and let go, and there is nothing left to do, whether it lives on or not.
while (isAlive(pid, startTime) && !(await isForgotten())) await delay(50)
for (let attempt = 1; attempt <= attempts; attempt += 1) {
  try {
    if (await healLeftOver(stateDir)) log.warn({ verify: pid }, 'verify is gone; healed what it had broken')
    break
  } catch (error) {
    log.error({ err: error, attempt }, 'could not heal everything')
    if (attempt < attempts) await delay(betweenMs)
  }
}
process.exit(0)

async function isForgotten(): Promise<boolean> {
  const { openJournal } = await import('./undo-journal.ts')
  return openJournal(stateDir).steps().length === 0
}
