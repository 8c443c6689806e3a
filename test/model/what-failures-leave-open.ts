import { carriageOf } from '../../src/gateway/scriptable.ts'
import { encodeCommand } from '../../src/resp/encode.ts'
import { requestLimits } from '../../src/resp/limits.ts'
import { RequestFramer } from '../../src/resp/request-framer.ts'

const nulls = new Set(['*-1\r\n', '_\r\n', '$-1\r\n'])
const publishing = /^S?PUBLISH$/i
const notTaken = /^-ERR (?:wrong number of arguments|unknown (?:command|subcommand))/
const waiting = /^B(?:[LR]POP|LMOVE|RPOPLPUSH|[LZ]MPOP|ZPOP)|^XREAD/i

/**
 * How an answer may differ from that of a Redis whose connections are whole, where connections between the gateway and the primary are
 * cut (docs/guarantees.md): not at all for what goes in batches and what only reads.
 * @param words of the call @param direct what a Redis answered @param gateway what the gateway answered, as latin1 texts
 * @returns `open`: from here on the data may be others; `no matter`: the same as far as it can be; null: it may not
 */
export function mayDiffer(
  words: readonly string[],
  direct: string,
  gateway: string,
): 'open' | 'no matter' | null {
  const [name = ''] = words
  // how many subscribers there are: connections of the gateway, which are being made anew
  if (publishing.test(name) && direct.startsWith(':') && gateway.startsWith(':')) return 'no matter'
  // what the server does not name may be a module's, so the gateway does not know that nothing ran
  if (gateway.startsWith('-UNCERTAIN ') && notTaken.test(direct)) return 'no matter'
  if (gateway.startsWith('-UNCERTAIN ')) return isInBatches(words) ? null : 'open'
  // a WATCH does not outlive its connection
  if (/^EXEC$/i.test(name) && nulls.has(gateway)) return 'open'
  // its time was over before the connection was there again
  if (waiting.test(name) && nulls.has(gateway)) return 'open'
  return null
}

/** Whatever protocol its session speaks. */
function isInBatches(words: readonly string[]): boolean {
  const framer = new RequestFramer(requestLimits)
  framer.push(encodeCommand(words, 'latin1'))
  const request = framer.next()
  return request !== null && carriageOf(request, 2) !== null && carriageOf(request, 3) !== null
}
