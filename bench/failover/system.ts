import { setTimeout as delay } from 'node:timers/promises'
import type { Cable } from './cable.ts'
import { hangMs, type Fault } from './fault.ts'

/** What is broken: where its callers call, and how it is broken. */
export interface System {
  readonly name: 'holdfast' | 'haproxy'
  readonly title: string
  readonly frontDoorUrl: string
  readonly redis: { readonly host: string; readonly port: number; readonly password: string }
  /** Kinds of faults that it takes only so long after the last failover began, in milliseconds. */
  readonly restMs: (fault: Fault) => number
  /** Waits until all is well. */
  readonly settled: () => Promise<Nodes>
  /** A planned change of the primary. */
  readonly switchover: () => Promise<void>
  /** Starts what was killed, where nothing does by itself. */
  readonly revive: () => Promise<void>
}

export interface Nodes {
  readonly primary: Node
  readonly replicas: readonly Node[]
}

interface Node {
  /** Of its redis-server. */
  readonly pid: number
  /** Of the node: a cut cable cuts whatever has it. */
  readonly address: string
}

/** Breaks it; resolves when the fault has ended: the primary was changed, is dead, or runs again. */
export async function inject(fault: Fault, system: System, nodes: Nodes, cable: Cable): Promise<void> {
  const { primary, replicas } = nodes
  const replica = replicas[Math.floor(Math.random() * replicas.length)] ?? primary
  switch (fault) {
    case 'switchover':
      await system.switchover()
      return
    case 'kill':
      process.kill(primary.pid, 'SIGKILL')
      return
    case 'replica-kill':
      process.kill(replica.pid, 'SIGKILL')
      return
    case 'hang':
      await hang(primary)
      return
    case 'replica-hang':
      await hang(replica)
      return
    case 'cut':
      await cable.cut(primary.address)
      await delay(hangMs)
      await cable.heal()
  }
}

async function hang({ pid }: Node): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await delay(hangMs)
  process.kill(pid, 'SIGCONT')
}
