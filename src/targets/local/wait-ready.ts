import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Status } from '../status.ts'
import type { TargetContext } from '../target.ts'
import { judge } from './judge.ts'
import { observe, type Observation } from './observation.ts'
import type { LocalPaths } from './paths.ts'
import { requireSecrets, wantedInstances } from './state-files.ts'

const patienceMs = 90_000
const pollMs = 50
/** Exits in a row after which waiting for an instance is useless. */
const hopelessFailures = 5
/** Problems that do not go away by waiting. */
const lasting = new Set(['DATA_DAMAGED', 'DISK_FULL', 'STATE_UNWRITABLE'])

/**
 * Waits until every part answers and every node is in sync, and says what it waits for.
 * @throws HoldfastError TIMEOUT, or the lasting problem
 */
export async function waitUntilReady(
  paths: LocalPaths,
  topology: Topology,
  { signal, progress }: TargetContext,
): Promise<void> {
  const secrets = requireSecrets(paths)
  const deadline = performance.now() + patienceMs
  for (;;) {
    const seen = await observe(paths, topology, secrets, wantedInstances(paths, topology))
    signal.throwIfAborted()
    if (!existsSync(paths.wanted)) {
      throw new HoldfastError('BUSY', `${topology.name} is being stopped by another command`, {
        hint: './holdfast up',
      })
    }
    const status = judge(seen)
    const missing = firstMissing(status, seen)
    if (missing === null) return
    progress.waiting(missing)
    failIfHopeless(status, seen)
    if (performance.now() > deadline) {
      const reasons = status.problems.map(({ message }) => `\n- ${message}`).join('')
      throw new HoldfastError(
        'TIMEOUT',
        `after ${String(patienceMs / 1000)} s still waiting for ${missing}${reasons}`,
        {
          hint: './holdfast doctor says what is wrong; ./holdfast up waits on',
        },
      )
    }
    await delay(pollMs)
  }
}

/** In the order in which things come up. */
function firstMissing(status: Status, seen: Observation): string | null {
  if (seen.supervisor === null) return 'the supervisor'
  const silent = seen.agents.findIndex((agent) => agent === null)
  if (silent >= 0) return `agent-${String(silent)}`
  if (status.primary === null) return 'a primary'
  const outside = status.nodes.find((node) => !node.up || !node.inSync)
  if (outside !== undefined) return `${outside.name} to be in sync`
  const sentinel = status.nodes.findIndex((node) => !node.sentinel.up)
  if (sentinel >= 0) return `sentinel-${String(sentinel)}`
  if (seen.gateway?.primary !== status.primary) return 'the gateway to find the primary'
  const wanted = status.instances.find((instance) => !instance.healthy)
  if (wanted !== undefined) return `${wanted.name} to be healthy`
  if (status.instances.length === 0) return 'the first instance'
  return seen.frontDoor === 200 ? null : 'the front door'
}

function failIfHopeless(status: Status, seen: Observation): void {
  const problem = status.problems.find(({ code }) => lasting.has(code))
  if (problem !== undefined) {
    const code = problem.code as 'DATA_DAMAGED' | 'DISK_FULL' | 'STATE_UNWRITABLE'
    throw new HoldfastError(code, problem.message, { hint: problem.hint })
  }
  const crashing = seen.instances.find(
    ({ failures, health }) => failures >= hopelessFailures && health !== 200,
  )
  const isItsOwnFault = status.primary !== null && seen.gateway !== null
  if (crashing === undefined || !isItsOwnFault) return
  const tail = crashing.lastLines.map((line) => `\n    ${line}`).join('')
  const name = `app-${String(crashing.index)}`
  throw new HoldfastError('TIMEOUT', `${name} ends as soon as it is started. Its last lines:${tail}`, {
    hint: `Correct the application, then ./holdfast up. All of it: ./holdfast logs ${name}`,
  })
}
