import { readIfExists } from '../platform/files.ts'
import type { AppTopology } from '../topology/topology.ts'

/** @returns the instances of the user's program that listen on every address instead of on HOST alone */
export function publicInstances({ command, instances }: AppTopology): readonly string[] {
  if (command === null) return []
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readIfExists(path) ?? '')
  const ports = new Set(tables.flatMap(portsOnEveryAddress))
  return instances.filter(({ port }) => ports.has(port)).map(({ name }) => name)
}

/** @param table /proc/net/tcp or tcp6 as in proc(5): `sl local_address rem_address st …`, state 0A is LISTEN */
export function portsOnEveryAddress(table: string): readonly number[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    return state === '0A' && /^0+$/.test(address) ? [Number.parseInt(port, 16)] : []
  })
}
