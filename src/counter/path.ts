/**
 * A Redis key. A string stands for its ASCII bytes; anything else is kept as bytes, since an id need not be
 * valid UTF-8 and an older deployment stored exactly the bytes it was asked for.
 */
export type Key = string | Uint8Array

/** What a request target addresses. */
export type Route =
  | { readonly kind: 'health' }
  | { readonly kind: 'id'; readonly key: Key }
  /** Not exactly one segment. */
  | { readonly kind: 'nothing' }
  /** A `%` that two hexadecimal digits do not follow. */
  | { readonly kind: 'malformed' }

/**
 * Reads a request target as the HTTP parser hands it over (one character a byte, origin or absolute form).
 * The segment is decoded once, after splitting: `%2f` belongs to the id, and `..` is an id like any other.
 * The query is ignored. `ping` is the health route however its letters are encoded (RFC 3986, 2.3).
 */
export function routeOf(target: string): Route {
  const path = pathOf(target)
  if (path.length < 2 || !path.startsWith('/') || path.includes('/', 1)) return { kind: 'nothing' }
  const segment = path.slice(1)
  if (!/[^\x21-\x24\x26-\x7e]/.test(segment)) return keyRoute(segment)
  return decode(segment)
}

function pathOf(target: string): string {
  const withoutOrigin = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  const query = withoutOrigin.indexOf('?')
  return query === -1 ? withoutOrigin : withoutOrigin.slice(0, query)
}

function decode(segment: string): Route {
  if (/%(?![0-9a-f]{2})/i.test(segment)) return { kind: 'malformed' }
  const decoded = segment.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  if (!/[\x80-\xff]/.test(decoded)) return keyRoute(decoded)
  return { kind: 'id', key: Uint8Array.from(decoded, (character) => character.charCodeAt(0)) }
}

function keyRoute(key: string): Route {
  return key === 'ping' ? { kind: 'health' } : { kind: 'id', key }
}
