/**
 * SCAN's cursors name places in a hash table of one process: on another primary they mean other places, and elements would be
 * missed. Those that clients are given carry under which primary they were made, in the bits above Redis' own (which stay below
 * 2^40: a table has fewer slots) and below 2^53. One of another primary begins anew: elements may come twice, which SCAN allows.
 */

const place = 2 ** 40
const most = 4096

/** Where the command's cursor is; 0: it has none. */
export function cursorAt(name: string): number {
  if (name === 'SCAN') return 1
  return name === 'HSCAN' || name === 'SSCAN' || name === 'ZSCAN' ? 2 : 0
}

/** 0 is kept for cursors that carry nothing: those within EXEC's answer, say. */
function tagOf(epoch: number): number {
  return 1 + (epoch % (most - 1))
}

/** @returns what Redis is to be asked for; null: the text as it is */
export function cursorForRedis(text: string, epoch: number): string | null {
  if (!/^\d{1,16}$/.test(text)) return null
  const value = Number(text)
  const tag = Math.floor(value / place)
  if (tag === 0 || tag >= most) return null
  return tag === tagOf(epoch) ? String(value % place) : '0'
}

/** @param reply to SCAN or its like: an array of the cursor and the elements */
export function cursorForClient(reply: Buffer, epoch: number): Buffer {
  const head = /^\*2\r\n\$\d+\r\n(\d{1,13})\r\n/.exec(reply.toString('latin1', 0, 64))
  const value = Number(head?.[1] ?? 0)
  if (head === null || value === 0 || value >= place) return reply
  const cursor = String(tagOf(epoch) * place + value)
  const begin = Buffer.from(`*2\r\n$${String(cursor.length)}\r\n${cursor}\r\n`)
  return Buffer.concat([begin, reply.subarray(head[0].length)])
}
