/**
 * Glob patterns as Redis' ACL has them, which together match every text but those that begin with one of the prefixes: an ACL
 * knows what is allowed, and has no words for exceptions. Pure.
 * @param prefixes of letters, digits, `_` and `:`
 */
export function allBut(prefixes: readonly string[]): readonly string[] {
  const begun = new Set(
    prefixes.flatMap((prefix) => Array.from(prefix, (_, length) => prefix.slice(0, length))),
  )
  return [...begun]
    .filter((begin) => !prefixes.some((prefix) => begin.startsWith(prefix)))
    .flatMap((begin) => {
      const next = prefixes.flatMap((prefix) =>
        prefix.startsWith(begin) ? [prefix.charAt(begin.length)] : [],
      )
      return [begin, `${begin}[^${[...new Set(next)].join('')}]*`]
    })
}
