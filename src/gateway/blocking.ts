import { encodeError } from '../resp/encode.ts'
import type { Request } from '../resp/request.ts'
import { KeySignals, type KeySignalsOptions } from './key-signals.ts'
import type { Waiter } from './waiter.ts'

/** Who waits for a key of one database, first come first. */
interface Line {
  readonly key: string
  readonly waiters: Set<Waiter>
  /** The key may have changed since its waiters were last tried. */
  changed: boolean
  serving: boolean
}

/** Everybody who waits for an element: tried one after the other when a key changes, as Redis serves those it has blocked. */
export class Blocking {
  private readonly signals: KeySignals
  /** By database, then by key: a key's name says nothing of which database it is in. */
  private readonly lines = new Map<number, Map<string, Line>>()
  private readonly bySession = new Map<number, Waiter>()

  constructor(options: Omit<KeySignalsOptions, 'onSignal' | 'onAll'>) {
    this.signals = new KeySignals({
      ...options,
      // names no database
      onSignal: (key) => {
        for (const lines of this.lines.values()) this.changed(lines, key)
      },
      onAll: () => {
        for (const lines of this.lines.values()) for (const key of lines.keys()) this.changed(lines, key)
      },
    })
  }

  /** Tries it at once, unless others wait for the same; then it waits behind them. */
  async add(waiter: Waiter): Promise<void> {
    this.bySession.set(waiter.sessionId, waiter)
    const { keys } = waiter.form
    const lines = this.linesOf(waiter.db)
    const first = !keys.some((key) => lines.has(key))
    if (first && (await waiter.try(null)) === 'over') return
    if (waiter.over) return
    for (const key of keys) {
      let line = lines.get(key)
      if (line === undefined)
        lines.set(key, (line = { key, waiters: new Set(), changed: false, serving: false }))
      line.waiters.add(waiter)
    }
    for (const key of keys) this.changed(lines, key)
  }

  remove(waiter: Waiter): void {
    if (this.bySession.get(waiter.sessionId) === waiter) this.bySession.delete(waiter.sessionId)
    const lines = this.linesOf(waiter.db)
    for (const key of waiter.form.keys) {
      const line = lines.get(key)
      if (line === undefined) continue
      line.waiters.delete(waiter)
      if (line.waiters.size === 0 && !line.serving) lines.delete(key)
    }
  }

  /** CLIENT UNBLOCK, with what Redis answers. */
  unblock(request: Request): Buffer {
    const id = request.arg(2) ?? ''
    const why = request.argc > 3 ? request.keyword(3) : 'TIMEOUT'
    if (why !== 'TIMEOUT' && why !== 'ERROR') return badReason
    if (!/^-?\d{1,18}$/.test(id)) return noInteger
    const waiter = this.bySession.get(Number(id))
    if (waiter === undefined) return no
    waiter.leave(why === 'ERROR' ? unblocked : null)
    return yes
  }

  /** Another primary, or none. */
  primaryOver(): void {
    this.signals.primaryOver()
  }

  stop(): void {
    this.signals.stop()
  }

  private linesOf(db: number): Map<string, Line> {
    const known = this.lines.get(db)
    if (known !== undefined) return known
    const made = new Map<string, Line>()
    this.lines.set(db, made)
    return made
  }

  private changed(lines: Map<string, Line>, key: string): void {
    const line = lines.get(key)
    if (line === undefined) return
    line.changed = true
    if (line.serving) return
    line.serving = true
    void this.serve(lines, line)
  }

  private async serve(lines: Map<string, Line>, line: Line): Promise<void> {
    while (line.changed && line.waiters.size > 0) {
      line.changed = false
      // first to be told of the next change, then to look: no change is missed
      if (!(await this.signals.register(line.key))) break
      await tryAll(line)
    }
    line.serving = false
    if (line.waiters.size === 0 && lines.get(line.key) === line) lines.delete(line.key)
  }
}

async function tryAll({ key, waiters }: Line): Promise<void> {
  const together: Promise<unknown>[] = []
  for (const waiter of [...waiters]) {
    if (waiter.over) continue
    if (waiter.form.apart) together.push(waiter.try(key))
    else if ((await waiter.try(key)) === 'nothing') break
  }
  await Promise.all(together)
}

const yes = Buffer.from(':1\r\n')
const no = Buffer.from(':0\r\n')
const unblocked = encodeError('UNBLOCKED client unblocked via CLIENT UNBLOCK')
const badReason = encodeError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
const noInteger = encodeError('ERR value is not an integer or out of range')
