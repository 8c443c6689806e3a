import type { Majorities } from '../insync/majorities.ts'
import { majoritiesOf, type Topology } from '../topology/topology.ts'

/** Which nodes there are, and how many of them are needed: what of the topology may change while the gateway runs. */
export class Layout {
  nodes: Topology['nodes']
  majorities: Majorities

  constructor(topology: Topology) {
    this.nodes = topology.nodes
    this.majorities = majoritiesOf(topology)
  }

  replace(topology: Topology): void {
    this.nodes = topology.nodes
    this.majorities = majoritiesOf(topology)
  }

  /** @returns the index; null: it is none of ours */
  readonly nodeAt = (host: string, port: number): number | null =>
    this.nodes.find((node) => node.address === host && node.redisPort === port)?.index ?? null
}
