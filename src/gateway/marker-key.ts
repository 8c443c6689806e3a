import { markerPrefix } from '../insync/marker-scripts.ts'

/** A marker's key: of this life of this gateway, and of one lane or session of it. */
export function markerKeyOf(gatewayId: string, part: string): string {
  return `${markerPrefix}${gatewayId}:${part}`
}
