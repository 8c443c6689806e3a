/** Longer than any command's name; a name past it is passed on without being known. */
const longestName = 64
const slots = 1024
/** Names seen lately, each in the slot of its hash: that of a command that is sent again and again costs no new text. */
const seen = new Array<string>(slots).fill('')

/** The latin1 text in [from, to) in upper case. Empty when it is longer than any command. */
export function commandName(bytes: Buffer, from: number, to: number): string {
  if (to - from > longestName) return ''
  let hash = to - from
  // without the bit that tells lower case from upper case
  for (let i = from; i < to; i++) hash = (hash * 31 + ((bytes[i] ?? 0) & 0xdf)) | 0
  const slot = (hash ^ (hash >>> 10)) & (slots - 1)
  const known = seen[slot] ?? ''
  if (isUpperCaseOf(known, bytes, from, to)) return known
  return (seen[slot] = bytes.toString('latin1', from, to).toUpperCase())
}

/** Outside of ASCII only what is already upper case is found equal. */
function isUpperCaseOf(name: string, bytes: Buffer, from: number, to: number): boolean {
  if (name.length !== to - from) return false
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0
    const upper = byte >= 97 && byte <= 122 ? byte - 32 : byte
    if (name.charCodeAt(i - from) !== upper) return false
  }
  return true
}
