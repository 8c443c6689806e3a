import type { Request } from '../resp/request.ts'
import type { Carriage } from './scriptable.ts'

/** When a command's reply survives a script. */
export interface ScriptableRule {
  /** For the documentation: goes into a batch ... */
  readonly words: string
  readonly carry: (request: Request, protocol: 2 | 3) => Carriage | null
}

export const always: ScriptableRule = { words: 'always', carry: () => 'same' }

/** Lua's numbers are doubles. */
export const counts: ScriptableRule = { words: 'always', carry: () => 'integer' }

/** RESP3 has a type of its own for the reply (map, set, double, verbatim string). */
export const resp2Only: ScriptableRule = {
  words: 'in RESP2',
  carry: (_request, protocol) => (protocol === 2 ? 'same' : null),
}

const nullArrayOr = (protocol: 2 | 3): Carriage => (protocol === 2 ? 'null-array' : 'same')

/** Answers an array or a null array, never a null bulk. */
export const arrayOrNull: ScriptableRule = {
  words: 'always',
  carry: (_request, protocol) => nullArrayOr(protocol),
}

/** The same, with doubles in RESP3. */
export const arrayOrNullInResp2: ScriptableRule = {
  words: 'in RESP2',
  carry: (_request, protocol) => (protocol === 2 ? 'null-array' : null),
}

/** LPOP, RPOP: with a count an array or a null array. */
export const popsList: ScriptableRule = {
  words: 'always',
  carry: (request, protocol) => (request.argc === 2 ? 'same' : nullArrayOr(protocol)),
}

/** SPOP: with a count a set. */
export const popsSet: ScriptableRule = {
  words: 'in RESP2; in RESP3 without a count',
  carry: (request, protocol) => (protocol === 2 || request.argc === 2 ? 'same' : null),
}

/** Later versions take an option that changes the reply: only with as many arguments as this. */
export function exactly(argc: number): ScriptableRule {
  return { words: 'without options', carry: (request) => (request.argc === argc ? 'same' : null) }
}

/** In RESP3 this option brings doubles, pairs or a map. A key of the same name counts as the option. */
export function resp3Without(option: string, from: number): ScriptableRule {
  return {
    words: `in RESP2; in RESP3 without ${option}`,
    carry: (request, protocol) => (protocol === 2 || !has(request, from, option) ? 'same' : null),
  }
}

const positionOptions = ['WITHCOORD', 'WITHDIST', 'WITHHASH']

/** The geo searches: nested replies, and doubles in RESP3. */
export function withoutPositions(from: number): ScriptableRule {
  return {
    words: `without ${positionOptions.join(', ')}`,
    carry: (request) => (positionOptions.some((option) => has(request, from, option)) ? null : 'same'),
  }
}

const zaddFlags = new Set(['NX', 'XX', 'GT', 'LT', 'CH'])

/** ZADD: with INCR the reply is the new score. */
export const addsScores: ScriptableRule = {
  words: 'in RESP2; in RESP3 without INCR',
  carry: (request, protocol) => {
    if (protocol === 2) return 'same'
    let at = 2
    while (zaddFlags.has(request.keyword(at))) at++
    return request.keyword(at) === 'INCR' ? null : 'same'
  },
}

/** XREAD: a map in RESP3; it may wait. */
export const readsStreams: ScriptableRule = {
  words: 'in RESP2 without BLOCK',
  carry: (request, protocol) => (protocol === 2 && streamsAt(request, 1) > 0 ? 'null-array' : null),
}

/** XREADGROUP: besides, a consumer's history shows deleted entries as null arrays within the reply. */
export const readsGroups: ScriptableRule = {
  words: 'in RESP2 without BLOCK, when every ID is >',
  carry: (request, protocol) => {
    const streams = protocol === 2 ? streamsAt(request, 4) : 0
    if (streams === 0) return null
    const ids = request.argc - streams - 1
    for (let at = request.argc - ids / 2; at < request.argc; at++) if (request.arg(at) !== '>') return null
    return ids % 2 === 0 ? 'null-array' : null
  },
}

/** Containers: only these subcommands. */
export function subcommands(...names: readonly string[]): ScriptableRule {
  const known = new Set(names)
  return {
    words: names.join(', '),
    carry: (request) => (known.has(request.keyword(1)) ? 'same' : null),
  }
}

/** Where STREAMS is; 0: nowhere, or behind BLOCK. */
function streamsAt(request: Request, from: number): number {
  for (let at = from; at < request.argc; at++) {
    const word = request.keyword(at)
    if (word === 'STREAMS') return at
    if (word === 'BLOCK') return 0
    if (word === 'COUNT') at++
  }
  return 0
}

function has(request: Request, from: number, option: string): boolean {
  for (let at = from; at < request.argc; at++) if (request.keyword(at) === option) return true
  return false
}
