import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from './eventually.ts'
import type { GatewayNodes } from './gateway-nodes.ts'

/** What befalls the primary. Each resolves when another node is primary, the gateway uses it and all others are in sync. */
export type PrimaryFault = (nodes: GatewayNodes) => Promise<void>

export const killPrimary: PrimaryFault = async (nodes) => {
  const primary = await primaryOf(nodes)
  nodes.set.kill(`redis-${primary}`)
  await replaced(nodes, primary)
}

/** @param forMs how long it hangs; Sentinel takes two seconds to believe it */
export function hangPrimary(forMs: number): PrimaryFault {
  return async (nodes) => {
    const primary = await primaryOf(nodes)
    const { pid } = nodes.set.process(`redis-${primary}`)
    process.kill(pid, 'SIGSTOP')
    await delay(forMs)
    process.kill(pid, 'SIGCONT')
    await replaced(nodes, primary)
  }
}

export const switchOver: PrimaryFault = async (nodes) => {
  const primary = await primaryOf(nodes)
  await nodes.set.agents.switchover(primary, undefined)
  await replaced(nodes, primary)
}

async function primaryOf(nodes: GatewayNodes): Promise<number> {
  return (await nodes.set.settled({ withinMs: 45_000 })).primary
}

async function replaced(nodes: GatewayNodes, former: number): Promise<void> {
  const { primary } = await nodes.set.settled({ not: former, withinMs: 45_000 })
  await eventually('the gateway uses it', 10_000, () => {
    const status = nodes.gateway.status()
    return (status.reachable && status.primary === `redis-${primary}`) || JSON.stringify(status)
  })
}
