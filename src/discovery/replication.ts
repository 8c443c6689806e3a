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

export function parseReplication(info: string): Replication {
  let role: Replication['role'] = 'unknown'
  let run = ''
  let stream = ''
  let offset = -1
  const online: { host: string; port: number; offset: number }[] = []
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':')
    const key = line.slice(0, colon)
    const value = line.slice(colon + 1)
    if (key === 'role') role = value === 'master' || value === 'slave' ? value : 'unknown'
    else if (key === 'run_id') run = value
    else if (key === 'master_replid') stream = value
    else if (key === 'master_repl_offset') offset = Number(value)
    else if (/^slave\d+$/.test(key)) {
      const fields = new Map(value.split(',').map((field) => splitOnce(field)))
      if (fields.get('state') === 'online')
        online.push({
          host: fields.get('ip') ?? '',
          port: Number(fields.get('port')),
          offset: Number(fields.get('offset')),
        })
    }
  }
  return { role, run, stream, offset, online }
}

function splitOnce(field: string): [string, string] {
  const at = field.indexOf('=')
  return [field.slice(0, at), field.slice(at + 1)]
}
