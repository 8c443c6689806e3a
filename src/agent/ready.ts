import type { AgentState } from './api.ts'

/**
 * Whether a node carries its part: the primary that may serve, or a replica that every answer waits for. Whoever replaces nodes one
 * by one waits for it, and takes none away while another is not.
 */
export function isReady({ node, stopping, reign, redis }: AgentState): boolean {
  if (stopping) return false
  if (reign !== null) return true
  return redis.role === 'slave' && redis.linkUp && !redis.syncing && isMember(node, redis)
}

function isMember(node: number, { record }: AgentState['redis']): boolean {
  return record?.members.includes(node) === true
}
