import type { Discovery } from '../discovery/discovery.ts'
import { timing, type Topology } from '../topology/topology.ts'
import { Confirmer } from './confirmer.ts'
import { PlainConfirmer } from './plain-confirmer.ts'

export interface ConfirmerParts {
  readonly topology: Topology
  /** There is no in-sync set. */
  readonly standalone: boolean
  readonly now: () => number
  readonly discovery: Discovery
  readonly onConfirmed: (tookMs: number) => void
  readonly onMembers: (from: readonly number[], to: readonly number[]) => void
}

/** By the in-sync set, or, where there is none, by a number of replicas. */
export function makeConfirmer(parts: ConfirmerParts): Confirmer | PlainConfirmer {
  const { topology, now, discovery, onConfirmed, onMembers } = parts
  const common = {
    now,
    primary: () => discovery.current,
    connection: () => discovery.connection,
    onConfirmed,
  }
  const { ack } = topology.gateway
  if (parts.standalone) return new PlainConfirmer({ ...common, replicas: ack === 'in-sync' ? 1 : ack })
  return new Confirmer({
    ...common,
    f: topology.f,
    memberSilentMs: timing.memberSilentMs,
    nodeAt: (host, port) =>
      topology.nodes.find((node) => node.address === host && node.redisPort === port)?.index ?? null,
    onOver: (why) => {
      discovery.abandon(why)
    },
    onMembers,
  })
}
