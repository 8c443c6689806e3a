import { isHostName } from '../topology/host-name.ts'
import type { NodeTopology } from '../topology/topology.ts'

/** Where a node's servers listen and connect from: on its own address, so that a cut between nodes cuts it; behind a name anywhere. */
export function listenDirectives({ address }: NodeTopology): readonly string[] {
  return isHostName(address) ? ['bind * -::*'] : [`bind ${address}`, `bind-source-addr ${address}`]
}
