import type { Request } from '../resp/request.ts'
import { flattenPop, listPop, same, scored, streams, type Carry } from './blocking-replies.ts'

/** A command that waits for an element, as one that does not wait. Texts are latin1: one character a byte. */
export interface BlockingForm {
  readonly keys: readonly string[]
  /** 0: for ever. */
  readonly timeoutMs: number
  /** Changes nothing: what it finds is left there for others. */
  readonly reads: boolean
  /** It found nothing: another that waits for the same key may still find something. */
  readonly apart: boolean
  /** Wrong types are also those of another key than the one it waits for. */
  readonly moves: boolean
  /** Only of the key at this place; null: of all of them, in their order. */
  readonly attempt: (place: number | null) => readonly string[]
  /** Its answer from the attempt's answer in RESP2. */
  readonly carry: Carry
}

const seconds = /^\d{1,9}(?:\.\d{1,9})?$/
const milliseconds = /^\d{1,12}$/
const positive = /^[1-9]\d{0,8}$/
const entryId = /^\d{1,19}(?:-\d{1,19})?$/

/** @returns null: not one of those known here, or Redis itself is to say what is wrong with it */
export function blockingForm(request: Request): BlockingForm | null {
  const args = request.args()
  switch (request.name) {
    case 'BLPOP':
      return popping(args.slice(1), (keys) => ['LMPOP', String(keys.length), ...keys, 'LEFT'], listPop)
    case 'BRPOP':
      return popping(args.slice(1), (keys) => ['LMPOP', String(keys.length), ...keys, 'RIGHT'], listPop)
    case 'BZPOPMIN':
      return popping(args.slice(1), (keys) => ['ZMPOP', String(keys.length), ...keys, 'MIN'], flattenPop)
    case 'BZPOPMAX':
      return popping(args.slice(1), (keys) => ['ZMPOP', String(keys.length), ...keys, 'MAX'], flattenPop)
    case 'BLMPOP':
      return poppingMany('LMPOP', ['LEFT', 'RIGHT'], args, same)
    case 'BZMPOP':
      return poppingMany('ZMPOP', ['MIN', 'MAX'], args, scored)
    case 'BLMOVE': {
      const ends = [3, 4].map((at) => request.keyword(at))
      if (args.length !== 6 || !ends.every((end) => end === 'LEFT' || end === 'RIGHT')) return null
      return moving(args[1], args[5], ['LMOVE', ...args.slice(1, 5)])
    }
    case 'BRPOPLPUSH':
      return args.length === 4 ? moving(args[1], args[3], ['RPOPLPUSH', ...args.slice(1, 3)]) : null
    case 'XREAD':
      return reading(request, args, 1)
    case 'XREADGROUP':
      return request.keyword(1) === 'GROUP' ? reading(request, args, 4) : null
    default:
      return null
  }
}

/** @param args keys, then seconds */
function popping(
  args: readonly string[],
  command: (keys: readonly string[]) => readonly string[],
  carry: Carry,
): BlockingForm | null {
  const keys = args.slice(0, -1)
  const timeoutMs = millisecondsOf(args.at(-1))
  if (keys.length === 0 || timeoutMs === null) return null
  return form(keys, timeoutMs, { attempt: (place) => command(at(keys, place)), carry })
}

function poppingMany(
  name: string,
  ends: readonly string[],
  args: readonly string[],
  carry: Carry,
): BlockingForm | null {
  const [, timeout, count = ''] = args
  const timeoutMs = millisecondsOf(timeout)
  if (timeoutMs === null || !positive.test(count)) return null
  const keys = args.slice(3, 3 + Number(count))
  const [end = '', word = 'COUNT', most = '1', ...more] = args.slice(3 + Number(count))
  if (keys.length !== Number(count) || more.length > 0 || !ends.includes(end.toUpperCase())) return null
  if (word.toUpperCase() !== 'COUNT' || !positive.test(most)) return null
  if (args.length === 5 + Number(count)) return null
  const attempt = (place: number | null): readonly string[] => {
    const of = at(keys, place)
    return [name, String(of.length), ...of, end, 'COUNT', most]
  }
  return form(keys, timeoutMs, { attempt, carry })
}

function moving(
  source: string | undefined,
  timeout: string | undefined,
  attempt: readonly string[],
): BlockingForm | null {
  const timeoutMs = millisecondsOf(timeout)
  if (source === undefined || timeoutMs === null) return null
  return form([source], timeoutMs, { moves: true, attempt: () => attempt, carry: same })
}

/** XREAD and XREADGROUP. @param from where its options begin */
function reading(request: Request, args: readonly string[], from: number): BlockingForm | null {
  const isGroup = from > 1
  const kept: string[] = args.slice(0, from)
  let timeoutMs = -1
  let place = from
  for (; place < args.length && request.keyword(place) !== 'STREAMS'; place++) {
    const word = request.keyword(place)
    if (word === 'NOACK' && isGroup) kept.push(word)
    else if (word === 'COUNT' && positive.test(args[place + 1] ?? '')) kept.push(word, args[++place] ?? '')
    else if (word === 'BLOCK' && milliseconds.test(args[place + 1] ?? '')) timeoutMs = Number(args[++place])
    else return null
  }
  const rest = args.slice(place + 1)
  const keys = rest.slice(0, rest.length / 2)
  const ids = rest.slice(rest.length / 2)
  if (timeoutMs < 0 || keys.length === 0 || keys.length !== ids.length) return null
  if (!ids.every((id) => (isGroup ? id === '>' : entryId.test(id)))) return null
  const attempt = (of: number | null): readonly string[] => [
    ...kept,
    'STREAMS',
    ...at(keys, of),
    ...at(ids, of),
  ]
  return form(keys, timeoutMs, { reads: !isGroup, apart: true, attempt, carry: streams })
}

function form(
  keys: readonly string[],
  timeoutMs: number,
  rest: Pick<BlockingForm, 'attempt' | 'carry'> & Partial<BlockingForm>,
): BlockingForm {
  return { keys, timeoutMs, reads: false, apart: false, moves: false, ...rest }
}

function at(all: readonly string[], place: number | null): readonly string[] {
  return place === null ? all : all.slice(place, place + 1)
}

function millisecondsOf(text: string | undefined): number | null {
  return text !== undefined && seconds.test(text) ? Math.ceil(Number(text) * 1000) : null
}

/**
 * XREAD from `$`: where each of these streams ends has to be found out before it waits.
 * @returns the keys whose id is `$`, and a request that has ids in their place; null: there is none
 */
export function endsWanted(request: Request): {
  readonly keys: readonly string[]
  readonly with: (ids: readonly string[]) => readonly string[]
} | null {
  if (request.name !== 'XREAD') return null
  const args = request.args()
  const streamsAt = args.findIndex((arg, place) => place > 0 && arg.toUpperCase() === 'STREAMS')
  const half = (args.length - streamsAt - 1) / 2
  if (streamsAt < 0 || !Number.isInteger(half)) return null
  const places = args
    .map((_, place) => place)
    .filter((place) => place > streamsAt + half && args[place] === '$')
  if (places.length === 0) return null
  return {
    keys: places.map((place) => args[place - half] ?? ''),
    with: (ids) =>
      args.map((arg, place) => (places.includes(place) ? (ids[places.indexOf(place)] ?? arg) : arg)),
  }
}
