import { controlChannel, internalPrefix } from '../insync/record.ts'
import { allBut } from './all-but.ts'

/** SHA-256 in hex, as Redis stores passwords. */
export interface AclInput {
  /** Databases that clients can select. */
  readonly databases: number
  /** Clients have no rights but to their data. False: those that they had before, which gateways of another release need. */
  readonly confined: boolean
  /** Of clients: several while the password is being changed. */
  readonly passwordHashes: readonly string[]
  readonly internalHash: string
  /** Of the users that have a secret of their own. */
  readonly hashes: DerivedHashes
}

export type DerivedHashes = Readonly<Record<'replica' | 'operator' | 'gateway' | 'batch' | 'default', string>>

interface AclUser {
  readonly name: string
  readonly on: boolean
  readonly hashes: readonly string[]
  readonly rights: readonly string[]
}

/** What the flag says is how ACL SETUSER makes users, and a file does not. */
const everything = 'sanitize-payload ~* &* +@all'

/**
 * Of what Redis calls administration or dangerous, what ordinary programs use: INFO when they connect, ROLE, which says no
 * more than that, and what takes long but touches only the data that they have in any case.
 */
const ordinary = '+info +role +keys +sort +sort_ro +flushdb +client|unblock'

/**
 * Sentinels believe what they hear on their channel, and gateways hold when they are told so on theirs. A subscription to them does no
 * harm; patterns of PSUBSCRIBE would have to be named one by one.
 */
const publishing = allBut(['__sentinel__:', controlChannel]).map((pattern) => `&${pattern}`)
/** These two reach another database without SELECT. */
const carrying = allBut([internalPrefix]).map((pattern) => `~${pattern}`)

/** Who only knows the password: their data, and nothing of the server's. */
function application(): string[] {
  return [
    ...words(`${everything} -@admin -@dangerous ${ordinary}`),
    ...words('-copy -move -publish -spublish'),
    `(+copy +move ${carrying.join(' ')})`,
    `(+publish +spublish ${publishing.join(' ')})`,
  ]
}

/** The databases below the markers'. SELECT is judged by its argument, within scripts too. */
function selecting(databases: number): string[] {
  return ['-select', ...Array.from({ length: databases }, (_, index) => `+select|${String(index)}`)]
}

/** Who changes who replicates whom, stops a server, or changes users, breaks what Holdfast keeps. */
const operating = `${everything} -replicaof -slaveof -failover -psync -sync -replconf -shutdown -debug -module -acl|setuser -acl|deluser -acl|load -acl|save`

/** What it runs for others in a batch, what it asks for itself, and what it does for others when it sets a connection up. */
const gatewaying = `${everything} -@admin +role +lastsave +acl|getuser +acl|dryrun +client|no-evict`

/**
 * - `default`: who only knows the password. The gateways' own secret beside it brings a connection back to it.
 * - `operator`: people, for what applications may not.
 * - `holdfast`: agents, backups.
 * - `holdfast-gateway`: gateways' own work, and what they run for users who may keep no marker.
 * - `holdfast-batch`: what a gateway runs for `default` together with a marker: its rights, and the markers' database.
 * - `holdfast-sentinel`: what Sentinel's documentation lists, but it may only promote (`slaveof no one`), never repoint,
 *   and without MULTI and CLIENT KILL, so that promoting a node that serves already disturbs nobody.
 * - `holdfast-replica`: off; an agent switches it on while its node is the primary and its gate has passed, so that
 *   nobody can replicate a node that was promoted, or came back, without the right to serve.
 */
function aclUsers({
  databases,
  confined,
  passwordHashes,
  internalHash,
  hashes,
}: AclInput): readonly AclUser[] {
  const user = (name: string, hash: string, rights: readonly string[], on = true): AclUser => ({
    name,
    on,
    hashes: [hash],
    rights,
  })
  return [
    {
      name: 'default',
      on: true,
      hashes: [...passwordHashes, hashes.default],
      rights: confined ? [...application(), ...selecting(databases)] : words(operating),
    },
    user('operator', hashes.operator, words(operating)),
    user('holdfast', internalHash, words('~* &* +@all')),
    user('holdfast-gateway', hashes.gateway, words(gatewaying)),
    user('holdfast-batch', hashes.batch, application()),
    user(
      'holdfast-sentinel',
      internalHash,
      words(
        'resetkeys &__sentinel__:hello -@all +ping +info +role +publish +subscribe +client|setname +script|kill +slaveof|no',
      ),
    ),
    user(
      'holdfast-replica',
      hashes.replica,
      words('resetkeys resetchannels -@all +psync +replconf +ping'),
      false,
    ),
  ]
}

/** The ACL file of a Redis node. */
export function renderAcl(input: AclInput): string {
  return aclUsers(input)
    .map(({ name, on, hashes, rights }) =>
      ['user', name, on ? 'on' : 'off', ...hashes.map((hash) => `#${hash}`), ...rights].join(' '),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * The same for a server that runs with the file of another release, as arguments of ACL SETUSER, one user each. Each is one step, and
 * nobody is cut. Passwords of clients stay as they are: they may be changing.
 */
export function updateAcl(input: AclInput): readonly (readonly string[])[] {
  const changeable = new Set(['default', 'operator', 'holdfast-gateway', 'holdfast-batch'])
  return aclUsers(input)
    .filter(({ name }) => changeable.has(name))
    .map(({ name, rights, hashes }) => {
      const own = hashes.slice(-1).map((hash) => `#${hash}`)
      const before = name === 'default' ? words('-@all resetkeys resetchannels clearselectors') : ['reset']
      return [name, ...before, 'on', ...own, ...rights]
    })
}

/** The user of a sentinel as whom gateways ask it. */
export function sentinelAcl(gatewayHash: string): readonly string[] {
  const asking = '&* -@all +ping +psubscribe +sentinel|myid +sentinel|master +sentinel|sentinels'
  return ['holdfast-gateway', 'on', `#${gatewayHash}`, ...words(asking)]
}

function words(text: string): string[] {
  return text.split(' ')
}
