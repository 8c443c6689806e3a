import { recordKey } from '../insync/record.ts'
import { flushAllScript } from '../insync/scripts.ts'
import { encodeCommand, encodeError } from '../resp/encode.ts'
import type { Request } from '../resp/request.ts'
import { localAnswer, type Command } from './command.ts'
import { kindOf, treat } from './command-rules.ts'
import { factsOf } from './command-table.ts'
import type { Hub } from './hub.ts'

export interface IntakeState {
  /** MULTI came, and neither EXEC nor DISCARD yet. */
  inMulti: boolean
}

const ok = Buffer.from('+OK\r\n')
/** No server knows it: queued in a transaction, it makes Redis drop the whole, as a refusal of Redis' own would. */
const unknownCommand = encodeCommand(['HOLDFAST.REFUSED'])

/** What becomes of a request: passed on as it is, changed, or answered here. */
export function intake(
  request: Request,
  state: IntakeState,
  hub: Pick<Hub, 'now' | 'databases' | 'markersDb' | 'commands'>,
): Command {
  const kind = kindOf(request.name)
  const sinceMs = hub.now()
  if (kind === 'quit') return localAnswer(ok, 'quit', sinceMs)
  const treatment = treat(request, hub.databases)
  let bytes: Buffer | null = null
  let answer: Buffer | null = null
  switch (treatment.kind) {
    case 'pass':
      break
    case 'refuse':
      answer = encodeError(treatment.error)
      if (!state.inMulti) return localAnswer(answer, 'plain', sinceMs)
      return {
        request,
        kind: 'plain',
        bytes: unknownCommand,
        answer,
        blocking: false,
        size: request.length,
        sinceMs,
      }
    case 'flush-all':
      bytes = encodeCommand(['EVAL', flushAllScript, '1', recordKey, treatment.mode, String(hub.markersDb)])
      break
    default:
      return treatment satisfies never
  }
  if (kind === 'multi') state.inMulti = true
  else if (kind === 'exec' || kind === 'discard' || kind === 'reset') state.inMulti = false
  const { blocking } = factsOf(request, hub.commands())
  return { request, kind, bytes, answer, blocking, size: request.length, sinceMs }
}
