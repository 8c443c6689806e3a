import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readIfExists } from '../../platform/files.ts'
import { ownProcesses } from '../../platform/proc.ts'

export interface PortOwner {
  readonly pid: number
  /** `redis-server *:6379` */
  readonly command: string
}

/** @returns the process of our own user that listens there, or null: nobody, or another user's */
export function findPortOwner(port: number): PortOwner | null {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listening(readIfExists(table) ?? '', port)),
  )
  if (inodes.size === 0) return null
  for (const { pid } of ownProcesses()) {
    if (!openFiles(pid).some((target) => inodes.has(target))) continue
    return { pid, command: commandOf(pid) }
  }
  return null
}

/** @returns `socket:[inode]` of the listeners on a port, on whatever address; columns as in proc(5) */
function listening(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    return fields[1]?.endsWith(suffix) === true && fields[3] === '0A' ? [`socket:[${fields[9] ?? ''}]`] : []
  })
}

function openFiles(pid: number): string[] {
  const directory = `/proc/${String(pid)}/fd`
  try {
    return readdirSync(directory).flatMap((fd) => {
      try {
        return [readlinkSync(`${directory}/${fd}`)]
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
      .replaceAll('\0', ' ')
      .trim()
      .slice(0, 80)
  } catch {
    return 'a process'
  }
}
