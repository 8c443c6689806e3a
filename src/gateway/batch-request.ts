import type { Command, Letter } from './command.ts'
import type { Request } from '../resp/request.ts'
import { encodeCommand } from '../resp/encode.ts'

const lf = 10
const prefixes = new Map<Letter, Buffer[]>()

/** Before each command of a batch: its letter, and how many arguments follow. */
function prefixOf(letter: Letter, argc: number): Buffer {
  let known = prefixes.get(letter)
  if (known === undefined) prefixes.set(letter, (known = []))
  const found = known[argc]
  if (found !== undefined) return found
  const count = String(argc)
  const prefix = Buffer.from(`$1\r\n${letter}\r\n$${String(count.length)}\r\n${count}\r\n`)
  if (argc < 64) known[argc] = prefix
  return prefix
}

/** Where the request's arguments begin: after its `*N` line. */
function bodyOf(request: Request): number {
  return request.bytes.indexOf(lf, request.start) + 1
}

/**
 * The EVALSHA of a batch (see batchScript).
 * @param fixed its arguments before the commands: the keys' number, the keys, the fixed ARGV
 */
export function encodeBatch(sha1: string, fixed: readonly string[], commands: readonly Command[]): Buffer {
  let argc = 2 + fixed.length
  let size = 0
  const inlines: (Buffer | null)[] = []
  for (const { request, letter } of commands) {
    argc += 2 + request.argc
    const inline = request.inline !== null ? encodeCommand(request.args(), 'latin1') : null
    inlines.push(inline)
    size += prefixOf(letter, request.argc).length + (inline ?? request).length
  }
  let head = `*${String(argc)}\r\n$7\r\nEVALSHA\r\n$40\r\n${sha1}\r\n`
  for (const arg of fixed) head += `$${String(arg.length)}\r\n${arg}\r\n`
  const bytes = Buffer.allocUnsafe(head.length + size)
  let at = bytes.write(head, 'latin1')
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i]
    if (command === undefined) continue
    const { request, letter } = command
    at += prefixOf(letter, request.argc).copy(bytes, at)
    const inline = inlines[i]
    if (inline === null || inline === undefined)
      at += request.bytes.copy(bytes, at, bodyOf(request), request.end)
    else at += inline.copy(bytes, at, inline.indexOf(lf) + 1)
  }
  return bytes.subarray(0, at)
}
