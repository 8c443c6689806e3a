import { readFileSync } from 'node:fs'
import { readIfExists } from '../../platform/files.ts'
import { openFiles, ownProcesses } from '../../platform/proc.ts'

export interface PortOwner {
  readonly pid: number
  /** `redis-server *:6379` */
  readonly command: string
}

/** @returns the process of our own user that listens there, or null: nobody, or another user's */
export function findPortOwner(host: string, port: number): PortOwner | null {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listening(readIfExists(table) ?? '', host, port)),
  )
  if (inodes.size === 0) return null
  for (const { pid } of ownProcesses()) {
    if (!openFiles(pid).some((target) => inodes.has(target))) continue
    return { pid, command: commandOf(pid) }
  }
  return null
}

/** @returns `socket:[inode]` of the listeners in the way of an address; columns as in proc(5) */
function listening(table: string, host: string, port: number): string[] {
  const wanted = hexAddress(host)
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [address = '', hexPort = ''] = fields[1]?.split(':') ?? []
    const isThere = fields[3] === '0A' && Number.parseInt(hexPort, 16) === port
    const isInTheWay = address === wanted || /^0+$/.test(address) || /^0+$/.test(wanted)
    return isThere && isInTheWay ? [`socket:[${fields[9] ?? ''}]`] : []
  })
}

/** IPv4 as the kernel writes it: `0100007F` for 127.0.0.1 (on the little-endian machines that are supported). */
function hexAddress(host: string): string {
  const bytes = host.split('.').toReversed()
  return bytes.map((byte) => Number(byte).toString(16).toUpperCase().padStart(2, '0')).join('')
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
