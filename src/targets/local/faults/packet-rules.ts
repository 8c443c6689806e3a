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

/**
 * The whole table for `nft -f -`, which takes all of it or nothing. On loopback every packet leaves before it arrives:
 * one hook, on output, sees each once. Nothing is answered for the dropped: for both sides the other is silent.
 */
export function renderNftables(rules: PacketRules): string {
  const { table, cuts, detours } = rules
  // Whole cuts first: what a narrower one spares may be cut by a wider one.
  const inOrder = cuts.toSorted((a, b) => Number(a.only !== undefined) - Number(b.only !== undefined))
  const filter = inOrder.flatMap((cut) => cutLines(cut, rules))
  const nat = detours.flatMap(({ address, ports }) =>
    ports.map(
      ({ port, relayPort }) =>
        `    ip daddr ${address} ip saddr != { ${address}, ${controlAddress} } tcp dport ${port} meta skgid != ${relayGroup} dnat to ${address}:${relayPort}`,
    ),
  )
  return [
    ...removal(table),
    `table ip ${table} {`,
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
export function renderRemoval(table: string): string {
  return `${removal(table).join('\n')}\n`
}

function removal(table: string): string[] {
  return [`table ip ${table} {}`, `delete table ip ${table}`]
}

function cutLines({ one, other, only }: CutPair, { cuts, spared, ports }: PacketRules): string[] {
  const both = (match: string) => [
    `    ip saddr ${one} ip daddr ${other} ${match}drop`,
    `    ip saddr ${other} ip daddr ${one} ${match}drop`,
  ]
  if (only === undefined) return both('')
  const isBetween = ({ from, to }: Pick<Connection, 'from' | 'to'>) =>
    (from === one && to === other) || (from === other && to === one)
  // Both kinds are cut: then nothing is spared.
  const isAlone = !cuts.some(
    (cut) => cut.only !== undefined && cut.only !== only && isBetween({ from: cut.one, to: cut.other }),
  )
  const accepted = spared[only]
    .filter((connection) => isAlone && isBetween(connection))
    .flatMap(({ from, fromPort, to, toPort }) => [
      `    ip saddr ${from} tcp sport ${fromPort} ip daddr ${to} tcp dport ${toPort} accept`,
      `    ip saddr ${to} tcp sport ${toPort} ip daddr ${from} tcp dport ${fromPort} accept`,
    ])
  const onPort = (port: number) => [...both(`tcp dport ${port} `), ...both(`tcp sport ${port} `)]
  return [...accepted, ...onPort(ports.redis), ...(only === 'sentinels' ? onPort(ports.sentinel) : [])]
}
