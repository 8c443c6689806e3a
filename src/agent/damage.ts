import type { AgentState } from './api.ts'

type AgentProblem = AgentState['problems'][number]

/** The words of an append-only file's parts: commands, the snapshot that it begins with, the list of both. */
const damaged = new RegExp(
  [
    'Bad file format reading the append only file',
    'Unexpected end of file reading the append only file',
    'Unrecoverable error reading the append only file',
    'Error reading the append only file',
    'AOF loading aborted',
    'Internal error in RDB reading',
    'Short read or OOM loading DB',
    'Wrong signature trying to load DB',
    'Wrong RDB checksum',
    'rdb checksum error',
    'Invalid AOF manifest file format',
    'FATAL AOF MANIFEST FILE ERROR',
    'Unable to obtain the AOF file \\S+ length\\. stat: No such file',
  ].join('|'),
  'i',
)

/** What redis-server's last words mean, in plain words with the way out; null when they say nothing special. */
export function explainDeath(
  lastLines: readonly string[],
  node: string,
  dataDirectory: string,
): AgentProblem | null {
  const text = lastLines.join('\n')
  if (damaged.test(text)) {
    return {
      code: 'DATA_DAMAGED',
      message: `${node} cannot read its append-only file (${dataDirectory}): it is damaged. Nothing was deleted or truncated.`,
      hint: `If the other nodes are well, set it aside and let it be filled again from the primary: mv ${dataDirectory} ${dataDirectory}.damaged (it restarts by itself). Otherwise repair a copy with redis-check-aof --fix.`,
    }
  }
  if (/No space left on device/i.test(text)) {
    return {
      code: 'DISK_FULL',
      message: `${node} has no disk space for its append-only file (${dataDirectory}).`,
      hint: 'Free disk space; it restarts by itself.',
    }
  }
  if (/Address already in use/i.test(text)) {
    return {
      code: 'PORT_IN_USE',
      message: `${node} cannot listen: another process has its address and port.`,
      hint: 'Stop that process (ss -ltnp shows it), or move the nodes with local.network in holdfast.yaml.',
    }
  }
  if (/Permission denied|Read-only file system/i.test(text)) {
    return {
      code: 'STATE_UNWRITABLE',
      message: `${node} may not write its files (${dataDirectory}).`,
      hint: 'Give the directory back to the user that runs Holdfast, or mount it writable; it restarts by itself.',
    }
  }
  return null
}
