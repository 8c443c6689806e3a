import type { NodeStatus, Status } from '../targets/status.ts'
import type { FaultDriver } from './faults/fault.ts'
import type { ClosingCheck } from './verdict.ts'

/** What must hold of a deployment once everything is healed. */
export async function closingChecks(
  driver: FaultDriver,
  {
    before,
    after,
    componentsBefore,
    crashes,
  }: {
    readonly before: Status
    readonly after: Status
    readonly componentsBefore: readonly string[]
    readonly crashes: readonly string[]
  },
): Promise<readonly ClosingCheck[]> {
  const replicas = after.nodes.filter(({ name }) => name !== after.primary)
  const outOfSync = after.nodes.filter(({ inSync, up }) => !inSync || !up).map(({ name }) => name)
  const now = new Set(await driver.components())
  const missing = componentsBefore.filter((component) => !now.has(component))
  return [
    {
      name: 'everything is healthy',
      passed: after.state === 'healthy',
      words: after.state === 'healthy' ? 'as before' : problemsOf(after),
    },
    await onePrimary(driver, after),
    {
      name: 'replicas are in sync',
      passed: outOfSync.length === 0 && replicas.length > 0,
      words: outOfSync.length === 0 ? listed(replicas) : `not so: ${outOfSync.join(', ')}`,
    },
    sentinelsAgree(after),
    {
      name: 'what ran before runs again',
      passed: missing.length === 0 && after.instances.length === before.instances.length,
      words:
        missing.length === 0
          ? `${componentsBefore.length} components, ${after.instances.length} instances`
          : `missing: ${missing.join(', ')}`,
    },
    {
      name: 'nothing crashed',
      passed: crashes.length === 0,
      violates: true,
      words: crashes.length === 0 ? 'no such line in any log' : crashes.slice(0, 3).join(' | '),
    },
  ]
}

/** Asks every redis-server itself: a status that is made of one primary could not show two. */
async function onePrimary(driver: FaultDriver, { nodes, primary }: Status): Promise<ClosingCheck> {
  const roles = await Promise.all(
    nodes.map(async ({ name }, index) => ({ name, role: await roleOf(driver, index) })),
  )
  const primaries = roles.filter(({ role }) => role === 'master').map(({ name }) => name)
  return {
    name: 'there is one primary',
    passed: primaries.length === 1 && primaries[0] === primary,
    violates: primaries.length > 1,
    words:
      primaries.length === 0
        ? `none says so: ${roles.map(({ name, role }) => `${name} ${role}`).join(', ')}`
        : primaries.join(' and '),
  }
}

async function roleOf(driver: FaultDriver, node: number): Promise<string> {
  try {
    const reply = await driver.redis(node, ['ROLE'])
    const role: unknown = Array.isArray(reply) ? reply[0] : reply
    return Buffer.isBuffer(role) ? role.toString() : String(role)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function sentinelsAgree({ nodes, primary }: Status): ClosingCheck {
  const others = nodes.filter(({ sentinel }) => !sentinel.up || sentinel.primarySeen !== primary)
  return {
    name: 'the sentinels agree',
    passed: others.length === 0 && nodes.length > 0,
    words:
      others.length === 0
        ? `all ${nodes.length} name ${primary ?? 'nobody'}`
        : others
            .map(({ name, sentinel }) => `that of ${name}: ${sentinel.primarySeen ?? 'nobody'}`)
            .join(', '),
  }
}

export function problemsOf({ state, problems }: Status): string {
  return problems.length === 0 ? state : problems.map(({ message }) => message).join('; ')
}

function listed(nodes: readonly NodeStatus[]): string {
  return nodes.map(({ name }) => name).join(', ')
}
