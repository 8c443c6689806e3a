/** Traffic between two addresses that is to vanish, both ways. */
export interface CutPair {
  readonly one: string
  readonly other: string
  readonly only?: 'sentinels' | 'replication' | undefined
}

/** Connections to a port of a node that take the way through a relay. */
export interface Detour {
  readonly address: string
  readonly ports: readonly { readonly port: number; readonly relayPort: number }[]
}

/** One end of a connection as the system's tables name it. */
export interface Connection {
  readonly from: string
  readonly fromPort: number
  readonly to: string
  readonly toPort: number
}

export interface NodePorts {
  readonly redis: number
  readonly sentinel: number
}

export interface PacketRules {
  readonly table: string
  readonly cuts: readonly CutPair[]
  readonly detours: readonly Detour[]
  /** Connections to redis-servers that a cut of one kind of traffic leaves alone. */
  readonly spared: Readonly<Record<'sentinels' | 'replication', readonly Connection[]>>
  readonly ports: NodePorts
}

/** Group of the relays' processes: what they send is not sent round once more. Nobody's, and never in a file. */
export const relayGroup = 61_997
/** The drill's own questions come from here, so that it sees both sides of a cut, as by a second network card. */
export const controlAddress = '127.255.255.253'

/** One direction. */
interface FilterRule {
  readonly from: string
  readonly to: string
  readonly fromPort?: number
  readonly toPort?: number
  readonly verdict: 'drop' | 'accept'
}

/**
 * The whole table for `nft -f -`, which takes all of it or nothing. On loopback every packet leaves before it arrives:
 * one hook, on output, sees each once. Nothing is answered for the dropped: for both sides the other is silent.
 */
export function renderNftables(rules: PacketRules): string {
  const filter = filterRules(rules).map(
    ({ from, to, fromPort, toPort, verdict }) =>
      `    ip saddr ${from} ip daddr ${to} ${option('tcp sport', fromPort)}${option('tcp dport', toPort)}${verdict}`,
  )
  const nat = detourRules(rules).map(
    ({ address, port, relayPort }) =>
      `    ip daddr ${address} ip saddr != { ${address}, ${controlAddress} } tcp dport ${port} meta skgid != ${relayGroup} dnat to ${address}:${relayPort}`,
  )
  return [
    ...removal(rules.table),
    `table ip ${rules.table} {`,
    '  chain cut {',
    '    type filter hook output priority 0; policy accept;',
    ...filter,
    '  }',
    ...(nat.length === 0
      ? []
      : ['  chain detour {', '    type nat hook output priority -100; policy accept;', ...nat, '  }']),
    '}',
    '',
  ].join('\n')
}

/** Also where there is no such table. */
export function renderNftablesRemoval(table: string): string {
  return `${removal(table).join('\n')}\n`
}

function removal(table: string): string[] {
  return [`table ip ${table} {}`, `delete table ip ${table}`]
}

/** The names that iptables takes have 28 letters at most; a table ends with what tells its deployment. */
export function iptablesChains(table: string): Readonly<Record<'filter' | 'nat', string>> {
  const own = table.slice(-8)
  return { filter: `holdfast_${own}_cut`, nat: `holdfast_${own}_way` }
}

/**
 * The same for `iptables-restore --noflush`: chains that are named are emptied and filled at once, others are left as they
 * are. Whoever calls it lets OUTPUT jump to them. The one in nat only where something is led round: it wants a module.
 */
export function renderIptables(rules: PacketRules): string {
  const chains = iptablesChains(rules.table)
  const filter = filterRules(rules).map(({ from, to, fromPort, toPort, verdict }) => {
    const tcp = fromPort === undefined && toPort === undefined ? '' : '-p tcp '
    const ports = `${tcp}${option('--sport', fromPort)}${option('--dport', toPort)}`
    return `-A ${chains.filter} -s ${from} -d ${to} ${ports}-j ${verdict.toUpperCase()}`
  })
  const detours = detourRules(rules)
  const nat = detours.flatMap(({ address, port, relayPort }) => {
    const match = `-A ${chains.nat} -d ${address} -p tcp --dport ${port}`
    return [
      ...[address, controlAddress].map((each) => `${match} -s ${each} -j RETURN`),
      `${match} -m owner ! --gid-owner ${relayGroup} -j DNAT --to-destination ${address}:${relayPort}`,
    ]
  })
  const table = (name: 'filter' | 'nat', lines: readonly string[]) => [
    `*${name}`,
    `:${chains[name]} - [0:0]`,
    ...lines,
    'COMMIT',
  ]
  return [...table('filter', filter), ...(nat.length === 0 ? [] : table('nat', nat)), ''].join('\n')
}

const option = (name: string, value: number | undefined) => (value === undefined ? '' : `${name} ${value} `)

function detourRules({ detours }: PacketRules) {
  return detours.flatMap(({ address, ports }) =>
    ports.map(({ port, relayPort }) => ({ address, port, relayPort })),
  )
}

function filterRules(rules: PacketRules): FilterRule[] {
  // Whole cuts first: what a narrower one spares may be cut by a wider one.
  const inOrder = rules.cuts.toSorted((a, b) => Number(a.only !== undefined) - Number(b.only !== undefined))
  return inOrder.flatMap((cut) => cutRules(cut, rules))
}

function cutRules({ one, other, only }: CutPair, { cuts, spared, ports }: PacketRules): FilterRule[] {
  const both = (more: Pick<FilterRule, 'fromPort' | 'toPort'>): FilterRule[] => [
    { from: one, to: other, ...more, verdict: 'drop' },
    { from: other, to: one, ...more, verdict: 'drop' },
  ]
  if (only === undefined) return both({})
  const isBetween = ({ from, to }: Pick<Connection, 'from' | 'to'>) =>
    (from === one && to === other) || (from === other && to === one)
  // Both kinds are cut: then nothing is spared.
  const isAlone = !cuts.some(
    (cut) => cut.only !== undefined && cut.only !== only && isBetween({ from: cut.one, to: cut.other }),
  )
  const accepted = spared[only]
    .filter((connection) => isAlone && isBetween(connection))
    .flatMap(({ from, fromPort, to, toPort }): FilterRule[] => [
      { from, fromPort, to, toPort, verdict: 'accept' },
      { from: to, fromPort: toPort, to: from, toPort: fromPort, verdict: 'accept' },
    ])
  const onPort = (port: number) => [...both({ toPort: port }), ...both({ fromPort: port })]
  return [...accepted, ...onPort(ports.redis), ...(only === 'sentinels' ? onPort(ports.sentinel) : [])]
}
