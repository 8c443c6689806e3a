import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

/** A machine in the network: a node by its index, or the one of the gateway, its clients and the test. */
export type Place = number | 'gateway'

/** Every node on a machine of its own, as far as the network goes. */
export interface DividedNetwork {
  /** The nodes are .1, .2, …, the gateway .100. */
  readonly network: string
  /** The words before a command that is to run there. */
  enter(node: number): readonly string[]
  /** From now on nothing gets from one to any of the others, nor back: packets vanish, and nobody is told. */
  readonly cut: (one: Place, others: readonly Place[]) => void
  heal(): void
}

const inside = 'HOLDFAST_OWN_NETWORK'
const network = '10.63.0'
/** Nobody's. */
const nowhere = '02:00:00:00:00:63'

/** Why no network can be divided here, or false: for the `skip` of a test. */
export function noDividedNetwork(): string | false {
  if (spawnSync('unshare', [...newNetwork(), 'ip', 'link'], { stdio: 'ignore' }).status === 0) return false
  if (process.env.CI)
    throw new Error('a network namespace is needed: root, and the packages util-linux and iproute2')
  return 'network namespaces need root, and the packages util-linux and iproute2'
}

/** Whether this process was started by runInOwnNetwork. */
export function isInOwnNetwork(): boolean {
  return process.env[inside] !== undefined
}

/** Runs a test file once more, in namespaces of its own: whatever it leaves behind ends with it. */
export async function runInOwnNetwork(t: TestContext, file: string): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn('unshare', [...newNetwork(), process.execPath, '--test-reporter=spec', file], {
    env: { ...env, [inside]: 'yes' },
    stdio: ['ignore', process.stderr, process.stderr],
  })
  t.after(() => child.kill('SIGKILL'))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error('it failed in its own network; what it said is above')
}

/** Lays cables from a machine for each node to one switch. Only where isInOwnNetwork. */
export async function divideNetwork(t: TestContext, nodes: number): Promise<DividedNetwork> {
  const machines: ChildProcess[] = []
  const enter = (place: Place): readonly string[] =>
    place === 'gateway' ? [] : ['nsenter', `--net=/proc/${machines[place]?.pid ?? ''}/ns/net`]
  const at = (place: Place, words: string) => {
    const [program = '', ...args] = [...enter(place), 'ip', ...words.split(' ')]
    execFileSync(program, args)
  }
  const address = (place: Place) => `${network}.${place === 'gateway' ? 100 : place + 1}`
  const device = (place: Place) => (place === 'gateway' ? 'switch' : 'cable')

  at('gateway', 'link set lo up')
  at('gateway', 'link add switch type bridge')
  at('gateway', `address add ${address('gateway')}/24 dev switch`)
  at('gateway', 'link set switch up')
  t.after(() => {
    for (const [node, machine] of machines.entries()) {
      at('gateway', `link delete to-${node}`)
      machine.kill('SIGKILL')
    }
    at('gateway', 'link delete switch')
  })
  for (let node = 0; node < nodes; node += 1) {
    // It holds the namespace, and says when that is there.
    const machine = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep infinity'])
    machines.push(machine)
    await once(machine.stdout, 'data')
    at('gateway', `link add to-${node} type veth peer name cable netns ${machine.pid ?? ''}`)
    at('gateway', `link set to-${node} master switch up`)
    at(node, `address add ${address(node)}/24 dev cable`)
    at(node, 'link set cable up')
    at(node, 'link set lo up')
  }
  const cuts: [from: Place, to: Place][] = []
  return {
    network,
    enter,
    cut: (one, others) => {
      for (const other of others) cuts.push([one, other], [other, one])
      for (const [from, to] of cuts)
        at(from, `neighbor replace ${address(to)} lladdr ${nowhere} nud permanent dev ${device(from)}`)
    },
    heal: () => {
      for (const [from, to] of cuts.splice(0)) at(from, `neighbor delete ${address(to)} dev ${device(from)}`)
    },
  }
}

function newNetwork(): readonly string[] {
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  return [...asRoot, '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
}
