import type { Fault } from './fault.ts'
import { infoOf } from './redis-words.ts'
import { castOf, failed } from './steps.ts'

const foreignReplica: Fault = {
  name: 'foreign-replica',
  description: 'a redis-server of somebody else wants to replicate the primary: it must get nothing',
  needs: ['foreign', 'redis'],
  takesNodes: 0,
  lastsMs: 5000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary } = await castOf(context)
    const attachedTo = async () =>
      Number((await infoOf(driver, primary, 'replication')).get('connected_slaves'))
    const before = await attachedTo()
    try {
      for (const as of ['nobody', 'application'] as const) {
        const { attached, says } = await driver.attachForeign(primary, as)
        const who = as === 'nobody' ? 'without a password' : 'with the password of applications'
        if (attached || (await attachedTo()) > before)
          throw failed(`a redis-server of somebody else replicates redis-${primary} ${who}: ${says}`)
        context.did(`somebody else’s replica refused ${who}: ${says}`)
      }
    } finally {
      await driver.heal()
    }
  },
}

export const foreignFaults: readonly Fault[] = [foreignReplica]
