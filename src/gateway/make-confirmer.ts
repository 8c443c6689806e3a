import type { Discovery } from '../discovery/discovery.ts'
import type { Ack } from '../spec/gateway-settings.ts'
import { timing } from '../topology/topology.ts'
import { Confirmer } from './confirmer.ts'
import type { Layout } from './layout.ts'
import { PlainConfirmer } from './plain-confirmer.ts'

export interface ConfirmerParts {
  readonly ack: Ack
  readonly layout: Layout
  /** There is no in-sync set. */
  readonly standalone: boolean
  readonly now: () => number
  readonly discovery: Discovery
  readonly onConfirmed: (tookMs: number) => void
  readonly onMembers: (from: readonly number[], to: readonly number[]) => void
}

/** By the in-sync set, or, where there is none, by a number of replicas. */
export function makeConfirmer(parts: ConfirmerParts): Confirmer | PlainConfirmer {
  const { ack, layout, now, discovery, onConfirmed, onMembers } = parts
  const common = {
    now,
    primary: () => discovery.current,
    connection: () => discovery.connection,
    onConfirmed,
  }
  if (parts.standalone) return new PlainConfirmer({ ...common, replicas: ack === 'in-sync' ? 1 : ack })
  return new Confirmer({
    ...common,
    majorities: () => layout.majorities,
    memberSilentMs: timing.memberSilentMs,
    nodeAt: layout.nodeAt,
    onOver: (why) => {
      discovery.abandon(why)
    },
    onMembers,
  })
}
