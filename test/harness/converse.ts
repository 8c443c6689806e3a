import assert from 'node:assert/strict'
import { replyLimits } from '../../src/resp/limits.ts'
import { ReplyFramer } from '../../src/resp/reply-framer.ts'
import { command, type HostileClient } from './hostile-client.ts'
import type { HostileScene } from './hostile-scene.ts'

/** What stands for a reply that did not come since the connection ended. */
export const ended = '(the end of the connection)'

/** One command, its words separated by spaces, and its one reply as latin1 text. */
export async function say(client: HostileClient, words: string): Promise<string> {
  client.forget()
  client.send(command(...words.split(' ')))
  return hear(client, words)
}

/** The next reply. */
export async function hear(client: HostileClient, to: string): Promise<string> {
  await client.until(`a reply to ${to}`, () => client.closed || isWhole(client.tail))
  return client.tail + (client.closed ? ended : '')
}

/** Says the same to both, a command at a time, one after the other and each in a database of its own: the same bytes come back. */
export async function compareConversations(
  scene: HostileScene,
  commands: readonly string[],
  { authenticated = true } = {},
): Promise<void> {
  const answers: string[][] = []
  for (const client of [await scene.open({ authenticated }), await scene.openDirect({ authenticated })]) {
    if (authenticated) await say(client, `SELECT ${String(answers.length + 1)}`)
    const lines: string[] = []
    for (const words of commands) lines.push(`${words} -> ${withoutId(await say(client, words))}`)
    answers.push(lines)
  }
  assert.deepEqual(answers[0], answers[1])
}

/** HELLO tells each connection its own. */
function withoutId(reply: string): string {
  return reply.replace(/(\$2\r\nid\r\n:)\d+/, '$1…')
}

function isWhole(text: string): boolean {
  const framer = new ReplyFramer(replyLimits)
  framer.push(Buffer.from(text, 'latin1'))
  return framer.next()
}
