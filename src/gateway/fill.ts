import type { Delivery } from '../spec/gateway-settings.ts'
import type { Command, Letter } from './command.ts'
import type { CommandQueue } from './command-queue.ts'
import { carriageOf } from './scriptable.ts'
import { Share, type Flush, type ShareOwner } from './share.ts'

export interface FillContext {
  /** Writes may go into the flush's batch. */
  readonly batching: boolean
  /** Commands of this share, so that all get their turn and answers stay bounded. */
  readonly most: number
  /** Only what was approved is taken: the batch runs as the gateway's own user. */
  readonly elevated: boolean
  /** The client has not said who it is: Redis answers everything by itself. */
  readonly unknown: boolean
  readonly delivery: Delivery
  readonly protocol: 2 | 3
  readonly classify: (command: Command) => void
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
  const most = Math.min(context.most, queue.length)
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
    context.classify(command)
    const kind = kindOf(command, context)
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

function kindOf(command: Command, context: FillContext): 'read' | 'raw' | 'batch' | 'alone' | 'no' {
  if (context.unknown) return 'alone'
  if (command.refused) return 'no'
  if (context.elevated && !command.approved) return 'no'
  switch (command.route) {
    case 'read':
      command.replayable = true
      return 'read'
    case 'write':
      if (command.facts === undefined) return 'read'
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
    case 'once':
      command.replayable = false
      return 'alone'
    default:
      // what its session would treat specially, if Redis took it at all: Redis says why it does not
      command.replayable = true
      return 'alone'
  }
}

function letterOf(command: Command, beforeWrite: boolean): Letter {
  const { block, facts } = command
  if (block !== null) {
    const short = block.some((one) => one.facts?.denyOom === true)
    block.forEach((one, index) => {
      one.letter = index > 0 ? 'c' : short ? 'u' : 'w'
    })
    return 'w'
  }
  if (command.route === 'read') return beforeWrite ? 'k' : 'r'
  if (command.request.name === 'FLUSHALL') return 'f'
  return facts?.denyOom === true ? 'd' : 'w'
}
