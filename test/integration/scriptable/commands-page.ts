import { scriptableCommands } from '../../../src/gateway/scriptable-commands.ts'
import { excluded } from './excluded.ts'

/** docs/commands.md */
export function commandsPage(): string {
  const byWords = new Map<string, string[]>()
  for (const [name, { words }] of scriptableCommands)
    byWords.set(words, [...(byWords.get(words) ?? []), name])
  const item = (label: string, names: readonly string[]): string =>
    `- ${label}: ${names.toSorted().join(', ')}`
  const lines = [
    '# Which commands go in batches',
    '',
    'The gateway runs many clients’ commands in one step, a batch, which also records what its writes were answered: a write whose reply',
    'was lost with the primary is answered with that very reply and does not run again. Only what is, byte for byte, the same as a direct',
    'call goes that way: the reply in the protocol that the client speaks (RESP2, RESP3), errors, and the data afterwards. This page is',
    'written by a test that tries each command, with many arguments, against a Redis.',
    '',
    '## In batches',
    ...[...byWords].map(([words, names]) => item(words, names)),
    '',
    'Commands of more than 7,000 arguments do not.',
    '',
    '## Not in batches',
    'Of these, what only reads is sent as it is, and again when its answer is lost. What changes data runs as a transaction with a mark:',
    'when the primary is lost it runs again if it had not run, and is answered `-UNCERTAIN` if it had, since its reply is gone. Anything',
    'else about the server is sent once, and answered `-UNCERTAIN` when its answer is lost.',
    '',
    ...excluded.map(({ why, names }) => item(why, names.split(' '))),
    '',
  ]
  return lines.join('\n')
}
