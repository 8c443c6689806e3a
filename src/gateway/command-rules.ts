import type { Request } from '../resp/request.ts'

export type Treatment =
  | { readonly kind: 'pass' }
  /** Answered here, without the `-`. */
  | { readonly kind: 'refuse'; readonly error: string }
  /** FLUSHALL: of the databases that a client can see. */
  | { readonly kind: 'flush-all'; readonly mode: 'SYNC' | 'ASYNC' | '' }

const unavailable = new Set([
  'SYNC',
  'PSYNC',
  'REPLCONF',
  'SHUTDOWN',
  'DEBUG',
  'REPLICAOF',
  'SLAVEOF',
  'FAILOVER',
])
const examined = new Set([...unavailable, 'SELECT', 'MOVE', 'COPY', 'SWAPDB', 'CLIENT', 'SCRIPT', 'FLUSHALL'])
const outOfRange: Treatment = { kind: 'refuse', error: 'ERR DB index is out of range' }
const pass: Treatment = { kind: 'pass' }

/** @param databases how many a client may see; the record lives above them */
export function treat(request: Request, databases: number): Treatment {
  if (!examined.has(request.name)) return pass
  switch (request.name) {
    // of another number of arguments Redis takes none of them, and says so in its own words
    case 'SELECT':
      return request.argc === 2 ? inRange(request.arg(1), databases) : pass
    case 'MOVE':
      return request.argc === 3 ? inRange(request.arg(2), databases) : pass
    case 'SWAPDB':
      return request.argc === 3 && [1, 2].some((at) => inRange(request.arg(at), databases) !== pass)
        ? outOfRange
        : pass
    case 'COPY':
      return treatCopy(request, databases)
    case 'CLIENT': {
      const quiet = request.keyword(1) === 'REPLY' && request.keyword(2) !== 'ON' && request.argc === 3
      return quiet ? refusal(`CLIENT REPLY ${request.keyword(2)}`) : pass
    }
    case 'SCRIPT':
      return request.keyword(1) === 'DEBUG' && request.keyword(2) !== 'NO' ? refusal('SCRIPT DEBUG') : pass
    case 'FLUSHALL': {
      const mode = request.keyword(1)
      const known = mode === 'SYNC' || mode === 'ASYNC'
      if (request.argc === 1) return { kind: 'flush-all', mode: '' }
      // anything else is a syntax error, which Redis words itself
      return request.argc === 2 && known ? { kind: 'flush-all', mode } : pass
    }
    default:
      return refusal(request.name)
  }
}

function treatCopy(request: Request, databases: number): Treatment {
  let treatment = pass
  for (let at = 3; at < request.argc; at++) {
    const word = request.keyword(at)
    if (word === 'DB' && at + 1 < request.argc) {
      at++
      if (inRange(request.arg(at), databases) !== pass) treatment = outOfRange
    } else if (word !== 'REPLACE') return pass // a syntax error, which comes first
  }
  return treatment
}

/** Redis reads the number with string2ll: what is no plain integer is refused there, in its own words. */
function inRange(index: string | undefined, databases: number): Treatment {
  return index !== undefined && /^(?:0|[1-9]\d{0,9})$/.test(index) && Number(index) >= databases
    ? outOfRange
    : pass
}

function refusal(what: string): Treatment {
  return { kind: 'refuse', error: `ERR ${what} is not available through the gateway` }
}
