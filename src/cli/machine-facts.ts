import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

import { readIfExists } from '../platform/files.ts'
import { readVersions } from './versions.ts'
import type { Versions } from './versions.ts'

/** What judgeMachine needs to know; null: could not be read. */
export interface MachineFacts {
  readonly versions: Versions
  /** vm.overcommit_memory */
  readonly overcommit: number | null
  /** The chosen mode: `always`, `madvise`, `never`. */
  readonly hugePages: string | null
  /** Soft limit of open files of this process, which everything that it starts inherits. */
  readonly openFiles: number | null
  readonly availableMemoryBytes: number | null
  readonly disk: { readonly path: string; readonly freeBytes: number; readonly freeFiles: number } | null
  /** That the clock says. */
  readonly year: number
}

/** @param stateDir need not exist yet: the nearest directory that does is looked at */
export async function readMachine(stateDir: string, env: NodeJS.ProcessEnv): Promise<MachineFacts> {
  const memory = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1]
  const openFiles = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1]
  const overcommit = read('/proc/sys/vm/overcommit_memory').trim()
  return {
    versions: await readVersions(env),
    overcommit: overcommit === '' ? null : Number(overcommit),
    hugePages: /\[(\w+)\]/.exec(read('/sys/kernel/mm/transparent_hugepage/enabled'))?.[1] ?? null,
    openFiles: openFiles === undefined ? null : Number(openFiles),
    availableMemoryBytes: memory === undefined ? null : Number(memory) * 1024,
    disk: await readDisk(stateDir),
    year: new Date().getFullYear(),
  }
}

function read(path: string): string {
  try {
    return readIfExists(path) ?? ''
  } catch {
    return ''
  }
}

async function readDisk(path: string): Promise<MachineFacts['disk']> {
  try {
    const { bavail, bsize, ffree } = await statfs(path)
    return { path, freeBytes: bavail * bsize, freeFiles: ffree }
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return isMissing && dirname(path) !== path ? await readDisk(dirname(path)) : null
  }
}
