import { renameSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { controlConnection } from '../../agent/redis-link.ts'
import { HoldfastError } from '../../errors.ts'
import { readIfExists, syncDirectory, writeFileDurably } from '../../platform/files.ts'
import { generateSecret } from '../../platform/generate-secret.ts'
import type { NodeTopology } from '../../topology/topology.ts'
import type { RotateRequest, Rotation, TargetContext } from '../target.ts'
import { settle } from './apply.ts'
import { isManaged } from './manager.ts'
import type { LocalPaths } from './paths.ts'
import { requireSecrets, requireTopology } from './state-files.ts'

const nodePatienceMs = 60_000
const pollMs = 50

/**
 * Gives clients another password while everything runs; see Target.rotatePassword. The caller holds the operation lock.
 *
 * Where it stands is which files there are, so whoever is killed is followed by one that goes on. A redis-server that starts takes
 * all of `password`, `password.next` and `password.old`.
 *
 * 1. `password.next` is written, and every node told to take it as well.
 * 2. `password` becomes `password.old`, `password.next` becomes `password`.
 * 3. The instances are replaced one by one: each logs in with the new one.
 * 4. `password.old` becomes `password.gone`, every node is told to take the new one alone, and the file is removed.
 *
 * Nodes, sentinels and gateways know each other by another secret, and gateways pass clients' passwords on: they go on running.
 */
export async function rotatePassword(
  paths: LocalPaths,
  { password, keepOld }: RotateRequest,
  context: TargetContext,
): Promise<Rotation> {
  const { progress, signal } = context
  const topology = requireTopology(paths)
  const { internal, password: present } = requireSecrets(paths)
  if (!(await isManaged(paths))) {
    throw new HoldfastError(
      'NOT_RUNNING',
      `${topology.name} does not run: a password is changed while it does`,
      {
        hint: './holdfast up, then ./holdfast rotate-password',
        exitCode: 2,
      },
    )
  }
  const has = (path: string) => readIfExists(path) !== null
  const isResumed = [paths.passwordNext, paths.passwordOld, paths.passwordGone].some(has)
  if (!isResumed && password === present) return { changed: false, resumed: false, bothValid: false }

  // Agents of an older release would start a redis-server with what they read when they started.
  await settle(paths, topology, context)
  const tell = async (rules: readonly string[], accepted: (hashes: readonly string[]) => boolean) => {
    for (const node of topology.nodes) {
      signal.throwIfAborted()
      progress.waiting(`${node.name} to take the password`)
      await tellNode(node, internal, rules, accepted, signal)
    }
  }

  const isUnstarted = !isResumed || (has(paths.passwordNext) && password !== null)
  if (isUnstarted) writeFileDurably(paths.passwordNext, password ?? generateSecret())
  const next = readIfExists(paths.passwordNext)
  if (next !== null) {
    const hash = sha256(next)
    await tell([`#${hash}`], (hashes) => hashes.includes(hash))
    progress.step('every node takes both passwords')
    writeFileDurably(paths.passwordOld, present)
    renameSync(paths.passwordNext, paths.password)
    syncDirectory(paths.secrets)
  }
  await settle(paths, topology, context)
  progress.step('every instance has the new password')
  if (keepOld && has(paths.passwordOld)) return { changed: true, resumed: isResumed, bothValid: true }

  if (has(paths.passwordOld)) {
    renameSync(paths.passwordOld, paths.passwordGone)
    syncDirectory(paths.secrets)
  }
  const hash = sha256(requireSecrets(paths).password)
  await tell(['resetpass', `#${hash}`], (hashes) => hashes.length === 1 && hashes[0] === hash)
  progress.step('no node takes the old password any more')
  rmSync(paths.passwordGone, { force: true })
  return { changed: true, resumed: isResumed, bothValid: false }
}

/** Until it has: a node that is down takes what the files say when it starts, and is told once it answers. */
async function tellNode(
  node: NodeTopology,
  internalSecret: string,
  rules: readonly string[],
  accepted: (hashes: readonly string[]) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const link = controlConnection({ host: node.address, port: node.redisPort, internalSecret })
  let last = 'it does not answer'
  try {
    for (const deadline = performance.now() + nodePatienceMs; performance.now() < deadline;) {
      signal.throwIfAborted()
      try {
        await link.call('ACL', 'SETUSER', 'default', ...rules)
        const user = (await link.call('ACL', 'GETUSER', 'default')) as unknown[]
        if (accepted(user[user.indexOf('passwords') + 1] as string[])) return
      } catch (error) {
        last = (error as Error).message
      }
      await delay(pollMs)
    }
  } finally {
    link.disconnect()
  }
  throw new HoldfastError('TIMEOUT', `${node.name} was not told of the password: ${last}`, {
    hint: './holdfast doctor says what is wrong; then ./holdfast rotate-password goes on from here.',
  })
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
