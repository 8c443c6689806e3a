import { askRights } from './approval.ts'
import { Attempt, wordedCommand, type AttemptPools } from './attempt.ts'
import { ElementReader } from './batch-reply.ts'
import { blockingForm, endsWanted, type BlockingForm } from './blocking-forms.ts'
import type { Command } from './command.ts'
import type { Hub } from './hub.ts'
import type { Pool } from './pool.ts'
import type { SessionState } from './session-state.ts'
import { Waiter } from './waiter.ts'

/** What starting a command that waits needs of its session. */
export interface BlockingHost {
  readonly sessionId: number
  readonly state: SessionState
  /** Of the session's user. */
  readonly rights: Pool
  readonly isUnderWay: () => boolean
  readonly waits: (waiter: Waiter | null) => void
  readonly done: (answer: Buffer) => void
  /** Redis itself is to answer it, on a connection of the session's own. */
  readonly direct: () => void
  /** The primary could not be asked. */
  readonly again: () => void
}

/** Whether a command that may wait can do so here, without a connection of its own. */
export function canWaitHere(command: Command): boolean {
  return blockingForm(command.request) !== null || endsWanted(command.request) !== null
}

/** Lets a command wait for an element: as one that does not wait, tried whenever one of its keys changes. */
export function startBlocking(hub: Hub, host: BlockingHost, command: Command): void {
  const trusted = host.rights.unrestricted(command)
  const wanted = endsWanted(command.request)
  if (wanted !== null) {
    if (!trusted) host.direct()
    else
      findEnds(hub, host, wanted.keys, (ids) => {
        const worded = wordedCommand(wanted.with(ids), command.sinceMs)
        begin(hub, host, command, blockingForm(worded.request), false)
      })
    return
  }
  const form = blockingForm(command.request)
  if (form === null) {
    host.direct()
    return
  }
  if (trusted && host.rights.unrestricted(wordedCommand(form.attempt(null), command.sinceMs))) {
    begin(hub, host, command, form, false)
    return
  }
  const control = hub.control()
  if (control === null) {
    host.again()
    return
  }
  askRights(control, host.state.user, command, () => {
    if (!host.isUnderWay()) return
    if (command.approved) begin(hub, host, command, form, true)
    else if (command.direct) host.direct()
    else host.again()
  })
}

function begin(
  hub: Hub,
  host: BlockingHost,
  command: Command,
  form: BlockingForm | null,
  approved: boolean,
): void {
  if (!host.isUnderWay()) return
  if (form === null) {
    host.direct()
    return
  }
  const { pools, release } = poolsOf(hub, host.state)
  const waiter: Waiter = new Waiter({
    hub,
    sessionId: host.sessionId,
    db: host.state.db,
    command,
    form,
    protocol: host.state.protocol,
    pools,
    approved,
    done: host.done,
    onOver: () => {
      hub.blocking.remove(waiter)
      release()
      host.waits(null)
    },
  })
  host.waits(waiter)
  void hub.blocking.add(waiter)
}

/** Where the streams end now. */
function findEnds(
  hub: Hub,
  host: BlockingHost,
  keys: readonly string[],
  then: (ids: readonly string[]) => void,
): void {
  const { pools, release } = poolsOf(hub, host.state)
  const ids: string[] = []
  let left = keys.length
  keys.forEach((key, place) => {
    const command = wordedCommand(['XREVRANGE', key, '+', '-', 'COUNT', '1'], hub.now())
    new Attempt(hub, command, pools, (answer) => {
      ids[place] = lastId(answer)
      left--
      if (left > 0) return
      release()
      if (host.isUnderWay()) then(ids)
    })
  })
}

/** Of XREVRANGE's answer: [[id, fields]]. */
function lastId(answer: Buffer): string {
  const list = new ElementReader(answer, 0)
  if (list.count !== 1) return '0-0'
  return new ElementReader(answer, list.at).text() ?? '0-0'
}

function poolsOf(
  hub: Hub,
  state: SessionState,
): { readonly pools: AttemptPools; readonly release: () => void } {
  const plain = state.inResp2()
  const own = hub.poolOf(plain)
  const taken = [own]
  let elevated: Pool | null = null
  return {
    pools: {
      own,
      elevated: () => {
        if (elevated === null) taken.push((elevated = hub.elevatedPoolOf(plain)))
        return elevated
      },
    },
    release: () => {
      for (const pool of taken.splice(0)) hub.release(pool)
    },
  }
}
