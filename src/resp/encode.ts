/** A command as RESP. Strings are sent as UTF-8. */
export function encodeCommand(args: readonly string[], encoding: 'utf8' | 'latin1' = 'utf8'): Buffer {
  let text = `*${String(args.length)}\r\n`
  for (const arg of args) text += `$${String(Buffer.byteLength(arg, encoding))}\r\n${arg}\r\n`
  return Buffer.from(text, encoding)
}

/** An error reply. CR and LF, which would end it, become spaces. */
export function encodeError(message: string): Buffer {
  return Buffer.from(`-${message.replace(/[\r\n]/g, ' ')}\r\n`)
}
