import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '../../bench/support/ask.ts'
import type { SentinelPeer } from '../../bench/support/sentinel-peer.ts'
import { HoldfastError } from '../../src/errors.ts'
import { readStat } from '../../src/platform/proc.ts'
import type { NodeStatus, Status } from '../../src/targets/status.ts'
import type { FaultDriver } from '../../src/verify/faults/fault.ts'

const able = new Set(['signal', 'switchover', 'redis'])
const indexes = [0, 1, 2] as const

/**
 * What the drill can do to plain Redis and Sentinel behind HAProxy, so that the same faults, runner and verdict that Holdfast is
 * held against can be held against a system that is known to lose. Whatever else a fault may need is refused.
 */
export function peerDriver(peer: SentinelPeer, frontDoorUrl: string): FaultDriver {
  const pid = (component: string): number => {
    const found = peer.processes().get(component)
    if (found === undefined) throw new HoldfastError('NOT_RUNNING', `${component} does not run`)
    return found
  }
  const signal: FaultDriver['signal'] = (component, name) => {
    process.kill(pid(component), `SIG${name}`)
    return Promise.resolve()
  }
  const askPart = async (component: string, words: readonly string[]): Promise<unknown> =>
    JSON.parse(await peer.ask(component, words)) as unknown
  const isStopped = (component: string): boolean => readStat(pid(component))?.stopped === true
  const heal = async (): Promise<void> => {
    for (const [component, running] of peer.processes())
      if (isStopped(component)) process.kill(running, 'SIGCONT')
    await peer.revive()
  }
  const refuse = (): Promise<never> =>
    Promise.reject(new HoldfastError('UNSUPPORTED', 'nobody can do this to plain Redis and Sentinel here'))
  return {
    why: (capability) => (able.has(capability) ? null : `plain Sentinel has no ${capability}`),
    observe: async () => statusOf(await peer.look(), frontDoorUrl),
    components: () => Promise.resolve([...peer.processes().keys()]),
    process: (component) => {
      const running = peer.processes().get(component)
      return Promise.resolve(running === undefined ? null : { pid: running, stopped: isStopped(component) })
    },
    signal,
    signalAll: async (components, name) => {
      for (const component of components) await signal(component, name)
    },
    // It answers when it begins.
    switchover: async () => {
      await peer.switchover()
      await delay(500)
    },
    startAll: () => peer.revive(),
    redis: (node, words) => askPart(`redis-${node}`, words),
    sentinel: (node, words) => askPart(`sentinel-${node}`, words),
    gateway: async (words) => JSON.parse(await ask(peer, words)) as unknown,
    heal,
    close: heal,
    healNetwork: () => Promise.resolve(),
    ...{ restart: refuse, scale: refuse, refresh: refuse, cut: refuse, delay: refuse, change: refuse },
    ...{ emptyVolume: refuse, fillDisk: refuse, stallDisk: refuse, stepClock: refuse, attachForeign: refuse },
  }
}

/** @param seen two replicas in sync with one primary that all sentinels name, or what is there instead */
function statusOf(seen: Awaited<ReturnType<SentinelPeer['look']>>, frontDoorUrl: string): Status {
  const isWhole = typeof seen !== 'string'
  const nodes = isWhole ? [seen.primary, ...seen.replicas] : []
  const name = ({ address }: { readonly address: string }): string =>
    `redis-${Number(address.slice(address.lastIndexOf('.') + 1)) - 1}`
  const primary = isWhole ? name(seen.primary) : null
  return {
    name: 'plain Sentinel',
    target: 'local',
    state: isWhole ? 'healthy' : 'degraded',
    primary,
    epoch: 0,
    nodes: indexes.flatMap((index) =>
      nodes
        .filter((node) => name(node) === `redis-${index}`)
        .map((node) => nodeStatus(node.address, name(node), primary)),
    ),
    gateways: [],
    instances: [],
    frontDoor: { url: frontDoorUrl, up: true },
    problems: isWhole ? [] : [{ code: 'NOT_SETTLED', message: seen, hint: 'Wait.' }],
  }
}

function nodeStatus(address: string, name: string, primary: string | null): NodeStatus {
  return {
    ...{ name, address, up: true, inSync: true, offset: 0, lagBytes: 0 },
    role: name === primary ? 'primary' : 'replica',
    sentinel: { up: true, primarySeen: primary },
  }
}
