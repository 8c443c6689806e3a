/** Pure parsing of what INFO says. Lines are `key:value`, sections `# Name`; https://redis.io/docs/latest/commands/info/ */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1).trimEnd())
  }
  return fields
}

export interface AttachedReplica {
  readonly address: string
  readonly port: number
  readonly online: boolean
  /** Acknowledged, in bytes. */
  readonly offset: number
  /** Seconds since it last acknowledged. */
  readonly lagSeconds: number
}

/** The `slave0:ip=…,port=…,state=online,offset=…,lag=…` lines of a primary. */
export function attachedReplicas(info: ReadonlyMap<string, string>): AttachedReplica[] {
  const replicas: AttachedReplica[] = []
  for (const [key, value] of info) {
    if (!/^slave\d+$/.test(key)) continue
    const pairs = new Map(
      value.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    )
    replicas.push({
      address: pairs.get('ip') ?? '',
      port: Number(pairs.get('port')),
      online: pairs.get('state') === 'online',
      offset: Number(pairs.get('offset') ?? 0),
      lagSeconds: Number(pairs.get('lag') ?? Infinity),
    })
  }
  return replicas
}
