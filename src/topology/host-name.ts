import { parseAddress } from '../spec/units.ts'

/**
 * Whether a node is known by a name. Its address then changes (a pod's does with every start), so everybody uses the name, and the
 * node itself listens on every address that it has.
 */
export function isHostName(address: string): boolean {
  return parseAddress(address) === undefined
}
