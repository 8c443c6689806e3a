import { readFileSync } from 'node:fs'
import { findManaged } from '../../../platform/managed-process.ts'
import { openFiles } from '../../../platform/proc.ts'
import type { NodeTopology, Topology } from '../../../topology/topology.ts'
import type { Connection, PacketRules } from './packet-rules.ts'

/** Established, and tried: a connection that is dropped from its first packet on has a line too (tcp_states.h). */
const wantedStates = new Set(['01', '02'])

/**
 * The connections to redis-servers of other nodes, by who opened them: all that tells a sentinel's from a replica's, since
 * both come from the node's address and go to the same port.
 */
export function redisConnections(stateDir: string, topology: Topology): PacketRules['spared'] {
  const leaders = findManaged(stateDir).filter(({ stray }) => !stray)
  const all = readConnections(readFileSync('/proc/net/tcp', 'latin1'))
  const of = (component: string, node: NodeTopology) => {
    const pid = leaders.find((each) => each.component === component)?.pid
    const own = pid === undefined ? new Set<string>() : sockets(pid)
    return all.filter(
      ({ inode, from, to, toPort }) =>
        own.has(inode) && from === node.address && to !== from && toPort === node.redisPort,
    )
  }
  return {
    sentinels: topology.nodes.flatMap((node) => of(node.name, node)),
    replication: topology.nodes.flatMap((node) => of(`sentinel-${String(node.index)}`, node)),
  }
}

/** @param table of proc(5), /proc/net/tcp */
export function readConnections(table: string): (Connection & { readonly inode: string })[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
      if (!wantedStates.has(state)) return []
      const [from, fromPort] = endpoint(local)
      const [to, toPort] = endpoint(remote)
      return [{ from, fromPort, to, toPort, inode }]
    })
}

/** `0100007F:1A0B`: the address is one number in the machine's order, which is little-endian where Holdfast runs. */
function endpoint(text: string): [address: string, port: number] {
  const [address = '', port = ''] = text.split(':')
  const bytes = address.match(/../g)?.toReversed() ?? []
  return [bytes.map((byte) => Number.parseInt(byte, 16)).join('.'), Number.parseInt(port, 16)]
}

function sockets(pid: number): Set<string> {
  return new Set(openFiles(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []))
}
