import { ProtocolError } from './protocol-error.ts'

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }
/** C's isspace, and what ends a word: not the same, and neither is JavaScript's \s. */
const space = /[ \t\n\v\f\r\0]/
const ending = /[ \t\n\r\0]/

/**
 * The arguments of an inline command, quoted as redis-server reads them (sdssplitargs).
 * @param line latin1 text, so that every byte is one character
 * @throws ProtocolError on unbalanced quotes
 */
export function splitInline(line: string): string[] {
  const parts: string[] = []
  let i = 0
  for (;;) {
    while (i < line.length && space.test(line.charAt(i))) i++
    if (i >= line.length) return parts
    const [part, next] = readPart(line, i)
    parts.push(part)
    i = next
  }
}

function readPart(line: string, from: number): [string, number] {
  let part = ''
  let i = from
  while (i < line.length && !ending.test(line.charAt(i))) {
    const char = line.charAt(i)
    if (char !== '"' && char !== "'") {
      part += char
      i++
      continue
    }
    const [quoted, next] = char === '"' ? readDouble(line, i + 1) : readSingle(line, i + 1)
    if (next < line.length && !space.test(line.charAt(next))) throw unbalanced()
    return [part + quoted, next]
  }
  return [part, i]
}

function readDouble(line: string, from: number): [string, number] {
  let text = ''
  let i = from
  while (i < line.length) {
    const char = line.charAt(i)
    if (char === '"') return [text, i + 1]
    if (char !== '\\' || i + 1 >= line.length) {
      text += char
      i++
      continue
    }
    const hex = /^\\x([0-9a-fA-F]{2})/.exec(line.slice(i, i + 4))
    if (hex?.[1] !== undefined) {
      text += String.fromCharCode(parseInt(hex[1], 16))
      i += 4
      continue
    }
    const next = line.charAt(i + 1)
    text += escapes[next] ?? next
    i += 2
  }
  throw unbalanced()
}

function readSingle(line: string, from: number): [string, number] {
  let text = ''
  let i = from
  while (i < line.length) {
    if (line.startsWith("\\'", i)) {
      text += "'"
      i += 2
      continue
    }
    const char = line.charAt(i)
    if (char === "'") return [text, i + 1]
    text += char
    i++
  }
  throw unbalanced()
}

function unbalanced(): ProtocolError {
  return new ProtocolError('unbalanced quotes in request')
}
