import type { Carriage } from '../../../src/gateway/scriptable.ts'
import { decodeReply, ReplyError } from '../../../src/resp/decode.ts'
import { splitInline } from '../../../src/resp/inline.ts'
import type { Sample } from './samples.ts'
import { readState, state } from './state.ts'
import type { Wire } from './wire.ts'

/** What one call left behind. Bytes as latin1 text. */
interface Outcome {
  readonly reply: string
  /** By script only: the reply after it was packed and unpacked, as recorded replies are. */
  readonly recorded: string
  /** See readState. */
  readonly state: string
}

/** As the gateway's batches run a command: ARGV is the command. */
const itemScript = `
local v=redis.pcall(unpack(ARGV))
if type(v)=='number' and (v>=9007199254740992 or v<=-9007199254740992) then
  local exact
  if #ARGV==4 then exact=redis.call('HGET',ARGV[2],ARGV[3]) else exact=redis.call('GET',ARGV[2]) end
  v={ok=':'..exact}
end
return {v,cmsgpack.unpack(cmsgpack.pack({v}))[1]}`

const fresh = [['FLUSHALL'], ...state.map(splitInline)]

/** @param observer another connection, so that the tried one stays as it is */
export async function runDirect(sample: Sample, wire: Wire, observer: Wire): Promise<Outcome> {
  const reply = await prepareAndCall(sample, sample.call, wire)
  return { reply, recorded: reply, state: await observer.one('EVAL', readState, '0') }
}

export async function runByScript(sample: Sample, wire: Wire, observer: Wire): Promise<Outcome> {
  const found = await prepareAndCall(sample, ['EVAL', itemScript, '0', ...sample.call], wire)
  const after = await observer.one('EVAL', readState, '0')
  const header = '*2\r\n'
  if (!found.startsWith(header)) return { reply: found, recorded: found, state: after }
  // two copies of one reply, when all is well
  const middle = header.length + (found.length - header.length) / 2
  return { reply: found.slice(header.length, middle), recorded: found.slice(middle), state: after }
}

async function prepareAndCall(sample: Sample, call: readonly string[], wire: Wire): Promise<string> {
  const setUp = [...fresh, ...sample.before]
  const replies = await wire.call([...setUp, call])
  const failed = replies.slice(0, fresh.length).findIndex((reply) => reply.startsWith('-'))
  if (failed >= 0) throw new Error(`${String(setUp[failed])}: ${String(replies[failed])}`)
  return replies.at(-1) ?? ''
}

/** What the client gets. */
function carried(reply: string, how: Carriage): string {
  if (how === 'null-array' && reply === '$-1\r\n') return '*-1\r\n'
  return how === 'integer' && reply.startsWith('+:') ? reply.slice(1) : reply
}

/** What the client of a batch would see otherwise than a direct one, or null. */
export function difference(sample: Sample, how: Carriage, direct: Outcome, script: Outcome): string | null {
  for (const reply of [script.reply, script.recorded]) {
    const seen = carried(reply, how)
    const same = sample.loose ? shapeOf(seen) === shapeOf(direct.reply) : seen === direct.reply
    if (!same) return `${JSON.stringify(direct.reply.slice(0, 200))}, ${JSON.stringify(seen.slice(0, 200))}`
  }
  return stateDifference(direct.state, script.state, sample.loose)
}

/** Types and lengths of a reply, without what is in it. */
function shapeOf(reply: string): string {
  return JSON.stringify(decodeReply(Buffer.from(reply, 'latin1')), (_key, value: unknown) =>
    typeof value === 'string'
      ? 'text'
      : typeof value === 'number'
        ? 0
        : value instanceof ReplyError
          ? value.message
          : value,
  )
}

/** Longest that the two runs of a sample lie apart: relative expiries are set from each run's own time. */
const toleranceMs = 60_000

/** What is different, or null. @param loose leaves out what the values are */
function stateDifference(expected: string, actual: string, loose: boolean): string | null {
  if (expected === actual) return null
  const left = readKeys(expected)
  const right = readKeys(actual)
  if (left.length !== right.length) return 'another number of keys'
  for (const [index, key] of left.entries()) {
    const other = right[index] ?? []
    const expiry = Math.abs(Number(key[5]) - Number(other[5]))
    if (expiry > toleranceMs) return `expiry of ${String(key[1])}: ${String(key[5])}, ${String(other[5])}`
    const compared = loose ? [0, 2, 3, 4] : [0, 1, 2, 3, 4, 6]
    const field = compared.find((place) => key[place] !== other[place])
    if (field !== undefined)
      return `${String(key[1])}: ${JSON.stringify(key[field])}, ${JSON.stringify(other[field])}`
  }
  return null
}

type KeyState = readonly (string | number)[]

function readKeys(reply: string): readonly KeyState[] {
  return decodeReply(Buffer.from(reply, 'latin1')) as readonly KeyState[]
}
