import type { Fault } from './fault.ts'
import { between, castOf, kill, shuffled } from './steps.ts'

/** Everything dies at once; the nodes come back one after the other, in any order. */
const powerCut: Fault = {
  name: 'power-cut',
  description: 'kills everything at once, and starts the nodes again in a random order',
  needs: ['signal', 'supervisor', 'restart'],
  explains: 'unavailable',
  lastsMs: 6000,
  ordinary: false,
  run: async (context) => {
    const { driver, random } = context
    const order = shuffled(random, (await castOf(context)).all)
    const components = await driver.components()
    await kill(context, components)
    context.did(`everything killed (${components.length} processes)`)
    const held = new Map<number, number>()
    const release = async (node: number) => {
      const pid = held.get(node)
      if (pid !== undefined && (await driver.process(`agent-${node}`))?.pid === pid)
        await driver.signal(`agent-${node}`, 'CONT')
    }
    // Each agent is held as soon as it is there, before it can start its servers.
    const started = driver.startAll()
    started.catch(() => undefined)
    try {
      await context.until('all agents started', 30_000, async () => {
        for (const node of order) {
          const agent = held.has(node) ? null : await driver.process(`agent-${node}`)
          if (agent === null) continue
          await driver.signal(`agent-${node}`, 'STOP')
          held.set(node, agent.pid)
        }
        return held.size === order.length || `${held.size} of ${order.length}`
      })
      for (const node of order) {
        await release(node)
        await context.pause(between(random, 0, 1500))
      }
    } finally {
      for (const node of order) await release(node)
    }
    context.did(`nodes started in the order ${order.join(', ')}`)
    await started
  },
}

export const powerFaults: readonly Fault[] = [powerCut]
