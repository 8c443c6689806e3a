import { castOf, partsOf, pick } from './steps.ts'
import type { Capability, Fault, FaultContext } from './fault.ts'

/** Whom kill, pause and restart hit. */
export interface Victim {
  /** In words, for the report: `redis-1 (primary)`. */
  readonly words: string
  readonly components: readonly string[]
  /** Of a node, its index. */
  readonly node: number | null
}

export interface VictimKind {
  /** As in `kill-primary`. */
  readonly name: string
  readonly words: string
  readonly needs: readonly Capability[]
  /** What dies with it. */
  readonly inHand: boolean
  readonly takesNodes: number
  readonly atLeast?: Fault['atLeast']
  choose(context: FaultContext): Promise<Victim>
}

const one = (component: string): Promise<Victim> =>
  Promise.resolve({ words: component, components: [component], node: null })

export const primary: VictimKind = {
  name: 'primary',
  words: 'the primary',
  needs: ['signal'],
  inHand: false,
  takesNodes: 1,
  choose: async (context) => {
    const node = (await castOf(context)).primary
    return { words: `redis-${node} (primary)`, components: [`redis-${node}`], node }
  },
}

export const replica: VictimKind = {
  name: 'replica',
  words: 'a replica',
  needs: ['signal'],
  inHand: false,
  takesNodes: 1,
  choose: async (context) => {
    const node = pick(context.random, (await castOf(context)).replicas)
    return { words: `redis-${node} (replica)`, components: [`redis-${node}`], node }
  },
}

export const sentinel: VictimKind = {
  name: 'sentinel',
  words: 'a sentinel',
  needs: ['signal'],
  inHand: false,
  takesNodes: 1,
  choose: async (context) => {
    const node = pick(context.random, (await castOf(context)).all)
    return { words: `sentinel-${node}`, components: [`sentinel-${node}`], node }
  },
}

export const agent: VictimKind = {
  name: 'agent',
  words: 'an agent',
  needs: ['signal'],
  inHand: false,
  takesNodes: 1,
  choose: async (context) => {
    const node = pick(context.random, (await castOf(context)).all)
    return { words: `agent-${node}`, components: [`agent-${node}`], node }
  },
}

export const node: VictimKind = {
  name: 'node',
  words: 'a whole node: its redis-server, its sentinel and its agent',
  needs: ['signal'],
  inHand: false,
  takesNodes: 1,
  choose: async (context) => {
    const cast = await castOf(context)
    const index = pick(context.random, cast.all)
    const role = index === cast.primary ? 'primary' : 'replica'
    return { words: `node ${index} (${role})`, components: partsOf(index), node: index }
  },
}

export const gateway: VictimKind = {
  name: 'gateway',
  words: 'a gateway',
  needs: ['signal'],
  inHand: true,
  takesNodes: 0,
  choose: async ({ driver, random }) => one(pick(random, gatewaysOf(await driver.components()))),
}

export const sidecar: VictimKind = {
  name: 'sidecar',
  words: 'the gateway beside an instance',
  needs: ['signal', 'sidecars'],
  inHand: true,
  takesNodes: 0,
  atLeast: { instances: 2 },
  choose: async ({ driver, random }) => one(pick(random, sidecarsOf(await driver.components()))),
}

export const instance: VictimKind = {
  name: 'instance',
  words: 'an instance of the application',
  needs: ['signal', 'signal-app'],
  inHand: true,
  takesNodes: 0,
  atLeast: { instances: 2 },
  choose: async ({ driver, random }) => one(pick(random, instancesOf(await driver.components()))),
}

export const frontDoor: VictimKind = {
  name: 'front-door',
  words: 'the front door',
  needs: ['signal', 'front-door'],
  inHand: true,
  takesNodes: 0,
  choose: () => one('front-door'),
}

export const supervisor: VictimKind = {
  name: 'supervisor',
  words: 'the supervisor',
  needs: ['signal', 'supervisor'],
  inHand: false,
  takesNodes: 0,
  choose: () => one('supervisor'),
}

export const standby: VictimKind = {
  name: 'standby',
  words: 'the shell that stands by to follow the supervisor',
  needs: ['signal', 'supervisor'],
  inHand: false,
  takesNodes: 0,
  choose: () => one('standby'),
}

export const kinds: readonly VictimKind[] = [
  primary,
  replica,
  sentinel,
  agent,
  node,
  gateway,
  sidecar,
  instance,
  frontDoor,
  supervisor,
]

/** On one machine there is one, without a number. */
export function gatewaysOf(components: readonly string[]): readonly string[] {
  return components.filter((component) => /^gateway(-\d+)?$/.test(component))
}

function sidecarsOf(components: readonly string[]): readonly string[] {
  return components.filter((component) => /^sidecar-\d+$/.test(component))
}

export function instancesOf(components: readonly string[]): readonly string[] {
  return components.filter((component) => /^app-\d+$/.test(component))
}
