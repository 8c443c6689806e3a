/** SHA-256 in hex, as Redis stores passwords. */
export interface AclInput {
  /** Of clients: several while the password is being changed. */
  readonly passwordHashes: readonly string[]
  readonly internalHash: string
  readonly replicaHash: string
}

const forbidden =
  '-replicaof -slaveof -failover -psync -sync -replconf -shutdown -debug -module -acl|setuser -acl|deluser -acl|load -acl|save'

/**
 * The ACL file of a Redis node.
 *
 * - `default`: who only knows the password. Everything but what changes who replicates whom, stops the server, or
 *   changes users.
 * - `holdfast`: agents and gateways' control connections.
 * - `holdfast-sentinel`: what Sentinel's documentation lists, but it may only promote (`slaveof no one`), never repoint,
 *   and without MULTI and CLIENT KILL, so that promoting a node that serves already disturbs nobody.
 * - `holdfast-replica`: off; an agent switches it on while its node is the primary and its gate has passed, so that
 *   nobody can replicate a node that was promoted, or came back, without the right to serve.
 */
export function renderAcl(input: AclInput): string {
  return (
    [
      `user default on ${input.passwordHashes.map((hash) => `#${hash}`).join(' ')} ~* &* +@all ${forbidden}`,
      `user holdfast on #${input.internalHash} ~* &* +@all`,
      `user holdfast-sentinel on #${input.internalHash} resetkeys &__sentinel__:hello -@all +ping +info +role +publish +subscribe +client|setname +script|kill +slaveof|no`,
      `user holdfast-replica off #${input.replicaHash} resetkeys resetchannels -@all +psync +replconf +ping`,
    ].join('\n') + '\n'
  )
}
