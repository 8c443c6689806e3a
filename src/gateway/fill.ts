import type { Delivery } from '../spec/gateway-settings.ts'
import type { Command, Letter } from './command.ts'
import type { CommandQueue } from './command-queue.ts'
import { lossesInShare } from './losses.ts'
import { carriageOf } from './scriptable.ts'
import { Share, type Flush, type ShareOwner } from './share.ts'

export interface FillContext {
  /** Writes may go into the flush's batch. */
  readonly batching: boolean
  /** Commands of this share, so that all get their turn and answers stay bounded. */
  readonly most: number
  /** The batch runs as the gateway's own user: nothing but what is approved goes beside it. */
  readonly elevated: boolean
  readonly delivery: Delivery
  readonly protocol: 2 | 3
  /** Whether a lane may carry it at all; whoever fills lanes must not take anything else, whatever it once asked for its turn with. */
  readonly mayShare: (command: Command) => boolean
}

/** Whether a script can run it with the same answer. Notes how the answer is carried. */
export function isScriptable(command: Command, protocol: 2 | 3): boolean {
  if (command.facts === undefined || command.direct) return false
  const carriage = command.replacement === null ? carriageOf(command.request, protocol) : 'same'
  if (carriage === null) return false
  command.carriage = carriage
  return true
}

/**
 * Takes a share off the head of a session's queue: commands that can be sent raw, or, when a write is among them, commands of
 * which all can be part of a batch. A read before a write is recorded with it, since run again later it would see the write.
 * @returns null when nothing at the head goes to a lane
 */
export function fillShare(
  owner: ShareOwner,
  queue: CommandQueue,
  flush: Flush,
  context: FillContext,
): Share | null {
  const most = (queue.peek()?.losses ?? 0) >= lossesInShare ? 1 : Math.min(context.most, queue.length)
  let count = 0
  let items = 0
  let bytes = 0
  let lastWrite = -1
  let scriptable = true
  let simple = true
  for (; count < most; count++) {
    const command = queue.at(count)
    if (command === undefined) break
    if (count > 0 && flush.bytes + bytes + command.request.length > flush.limits.bytes) break
    if (!context.mayShare(command)) break
    const kind =
      context.elevated && !command.approved ? elevatedKindOf(command, context) : kindOf(command, context)
    if (kind === 'no') break
    if (kind === 'alone') {
      if (count === 0) count = 1
      break
    }
    if (kind === 'batch') {
      if (!scriptable) break
      const size = command.block?.length ?? 1
      if (count > 0 && flush.items + items + size > flush.limits.items) break
      lastWrite = count
      items += size
      if (command.block !== null || command.carriage !== 'same') simple = false
      bytes += command.request.length
      if (command.block !== null) {
        count++
        break
      }
      continue
    }
    if (kind === 'read' && context.batching) {
      if (isScriptable(command, context.protocol)) {
        if (command.carriage !== 'same') simple = false
      } else if (lastWrite >= 0) break
      else scriptable = false
    }
    items++
    bytes += command.request.length
  }
  if (count === 0) return null
  const share = new Share(owner)
  const { commands } = share
  for (let place = 0; place < count; place++) {
    const command = queue.shift()
    if (command === undefined) break
    if (lastWrite >= 0) command.letter = letterOf(command, place < lastWrite)
    if (command.cursorAt > 0) share.simple = false
    commands.push(command)
  }
  const raw = lastWrite < 0
  if (!raw) share.simple = simple
  flush.add(share, raw, raw ? commands.length : items, bytes)
  return share
}

/** As the gateway's own user runs only that about which Redis is asked before. */
function elevatedKindOf(command: Command, context: FillContext): 'batch' | 'no' {
  if (command.route !== 'write' && command.route !== 'exec') return 'no'
  return kindOf(command, context) === 'batch' ? 'batch' : 'no'
}

function kindOf(command: Command, context: FillContext): 'read' | 'raw' | 'batch' | 'alone' | 'no' {
  if (context.elevated && command.direct) return 'no'
  if (command.facts === undefined) {
    // Redis says why it does not take it, or takes what it did not name
    command.replayable = false
    return 'alone'
  }
  switch (command.route) {
    case 'read':
      command.replayable = true
      return 'read'
    case 'write':
      command.replayable = context.delivery === 'at-least-once'
      if (context.delivery !== 'exactly-once') return 'raw'
      if (!context.batching)
        return command.direct || !isScriptable(command, context.protocol) ? 'alone' : 'no'
      if (command.direct) return 'alone'
      return isScriptable(command, context.protocol) ? 'batch' : 'no'
    case 'exec':
      command.replayable = false
      if (command.block === null) return 'alone'
      if (
        context.batching &&
        !command.direct &&
        command.block.every((one) => isScriptable(one, context.protocol))
      )
        return 'batch'
      if (context.batching) command.direct = true
      return 'no'
    default:
      command.replayable = command.route !== 'once'
      return 'alone'
  }
}

/** Alone or in a transaction, it leaves the markers. @see batchScript */
const ofFlushAll = { w: 'f', u: 'g', c: 'h' } as const

function letterOf(command: Command, beforeWrite: boolean): Letter {
  const { block, facts } = command
  if (block !== null) {
    const short = block.some((one) => one.facts?.denyOom === true)
    block.forEach((one, index) => {
      const letter = index > 0 ? 'c' : short ? 'u' : 'w'
      one.letter = one.request.name === 'FLUSHALL' ? ofFlushAll[letter] : letter
    })
    return 'w'
  }
  if (command.route === 'read') return beforeWrite ? 'k' : 'r'
  if (command.request.name === 'FLUSHALL') return ofFlushAll.w
  return facts?.denyOom === true ? 'd' : 'w'
}
