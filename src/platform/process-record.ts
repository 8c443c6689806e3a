import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateDirectory, readIfExists, writeFileDurably } from './files.ts'
import { readBootId } from './proc.ts'

/** Names one process, beyond the reuse of its pid and beyond a reboot. */
export interface ProcessRecord {
  readonly component: string
  readonly pid: number
  readonly startTime: number
  readonly bootId: string
}

/**
 * A process's environment names its deployment, but some programs overwrite it (Redis, with its process title), and a
 * child may clear it: so what was started is also written down, in `run/<component>.process`.
 */
export function writeProcessRecord(
  deployment: string,
  component: string,
  pid: number,
  startTime: number,
): void {
  const directory = join(deployment, 'run')
  makePrivateDirectory(directory)
  const record: ProcessRecord = { component, pid, startTime, bootId: readBootId() }
  writeFileDurably(join(directory, `${component}.process`), JSON.stringify(record))
}

/** @returns records of this boot */
export function readProcessRecords(deployment: string): ProcessRecord[] {
  const bootId = readBootId()
  let names: string[]
  try {
    names = readdirSync(join(deployment, 'run'))
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.process') && !name.startsWith('.'))
    .map((name) => parse(readIfExists(join(deployment, 'run', name))))
    .filter((record) => record?.bootId === bootId)
    .filter((record) => record !== null)
}

function parse(text: string | null): ProcessRecord | null {
  try {
    const record = JSON.parse(text ?? '') as Partial<ProcessRecord>
    if (typeof record.component !== 'string' || typeof record.bootId !== 'string') return null
    if (typeof record.pid !== 'number' || typeof record.startTime !== 'number') return null
    return record as ProcessRecord
  } catch {
    return null
  }
}
