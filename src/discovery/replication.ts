/** What `INFO server replication` says on a primary. */
export interface Replication {
  readonly role: 'master' | 'slave' | 'unknown'
  /** run_id; empty when the server section was not asked for. */
  readonly run: string
  /** master_replid: another one after each promotion, and when a first replica attaches. */
  readonly stream: string
  readonly offset: number
  /** Replicas whose link is up and whose data is complete. */
  readonly online: readonly { readonly host: string; readonly port: number; readonly offset: number }[]
}

/** Read on every confirmation: by position, not by taking the whole text apart. */
export function parseReplication(info: string): Replication {
  const role = field(info, '\nrole:')
  const offset = field(info, '\nmaster_repl_offset:')
  const online: { host: string; port: number; offset: number }[] = []
  for (let index = 0; ; index++) {
    const replica = field(info, `\nslave${String(index)}:`)
    if (replica === null) break
    if (part(replica, 'state=') !== 'online') continue
    online.push({
      host: part(replica, 'ip='),
      port: Number(part(replica, 'port=')),
      offset: Number(part(replica, 'offset=')),
    })
  }
  return {
    role: role === 'master' || role === 'slave' ? role : 'unknown',
    run: field(info, '\nrun_id:') ?? '',
    stream: field(info, '\nmaster_replid:') ?? '',
    offset: offset === null ? -1 : Number(offset),
    online,
  }
}

/** @param key with the line end before it and the colon behind it */
function field(info: string, key: string): string | null {
  const at = info.indexOf(key)
  if (at < 0) return null
  const from = at + key.length
  const end = info.indexOf('\r', from)
  return info.slice(from, end < 0 ? info.length : end)
}

/** Of `ip=127.0.1.2,port=6379,state=online,offset=14,lag=0`. */
function part(line: string, key: string): string {
  const at = line.startsWith(key) ? 0 : line.indexOf(`,${key}`) + 1
  if (at === 0 && !line.startsWith(key)) return ''
  const end = line.indexOf(',', at)
  return line.slice(at + key.length, end < 0 ? line.length : end)
}
