import { findManaged } from '../../src/platform/managed-process.ts'
import { timing } from '../../src/topology/topology.ts'
import { createDeployment } from '../support/deployment.ts'
import { askEveryMs } from './load.ts'
import type { Fault } from './fault.ts'
import type { System } from './system.ts'

/** A default deployment. */
export async function startHoldfast(scope: AsyncDisposableStack): Promise<System> {
  const deployment = await createDeployment(scope, { network: '127.90.7' })
  await deployment.holdfast('up')
  const context = {
    progress: { step: () => undefined, waiting: () => undefined },
    signal: new AbortController().signal,
  }
  return {
    name: 'holdfast',
    title: 'Holdfast',
    frontDoorUrl: deployment.url,
    redis: await deployment.target.connection(),
    // A killed primary is failed over by its agent, without asking when that was done last.
    restMs: (fault: Fault) => (fault === 'hang' || fault === 'cut' ? restMs : 0),
    settled: async () => {
      const { nodes, primary } = await deployment.healthy({ askEveryMs })
      const running = findManaged(deployment.stateDir)
      const nodeOf = ({ name, address }: { readonly name: string; readonly address: string }) => {
        const found = running.find(({ component, stray }) => component === name && !stray)
        if (found === undefined) throw new Error(`${name} does not run`)
        return { pid: found.pid, address: address.split(':')[0] ?? '' }
      }
      const [first] = nodes.filter(({ name }) => name === primary).map(nodeOf)
      if (first === undefined) throw new Error('there is no primary')
      return { primary: first, replicas: nodes.filter(({ name }) => name !== primary).map(nodeOf) }
    },
    switchover: async () => {
      await deployment.target.switchover(undefined, context)
    },
    revive: () => Promise.resolve(),
  }
}

/**
 * Sentinel begins none within twice its failover-timeout of its last one, plus up to a second by chance; and it takes two thirds of
 * down-after and more to notice that one is needed.
 */
export const restMs = 2 * timing.failoverTimeoutMs + 3000
