import { HoldfastError } from '../../../errors.ts'
import { findProgram, runProgram } from '../../../platform/run-program.ts'
import {
  iptablesChains,
  renderIptables,
  renderNftables,
  renderNftablesRemoval,
  type PacketRules,
} from './packet-rules.ts'

/** What drops packets, and leads them round. */
export interface PacketFilter {
  /** In place of what this table held before. */
  apply(rules: PacketRules): Promise<void>
  /** Also where there is none. */
  remove(table: string): Promise<void>
}

const tables = ['filter', 'nat'] as const

/** @returns nftables, else iptables, else null */
export function findPacketFilter(env: NodeJS.ProcessEnv = process.env): PacketFilter | null {
  const nft = findProgram(['nft'], env)
  if (nft !== null) return nftables(nft)
  const [iptables, restore] = [findProgram(['iptables'], env), findProgram(['iptables-restore'], env)]
  return iptables === null || restore === null ? null : iptablesFilter(iptables, restore)
}

/** @throws HoldfastError BINARY_MISSING */
export function requirePacketFilter(): PacketFilter {
  const found = findPacketFilter()
  if (found !== null) return found
  throw new HoldfastError('BINARY_MISSING', 'neither nft nor iptables is on this machine', {
    hint: 'sudo apt-get install nftables',
    exitCode: 2,
  })
}

export function nftables(program: string): PacketFilter {
  const feed = async (input: string) => {
    await runProgram(program, ['-f', '-'], { input })
  }
  return {
    apply: (rules) => feed(renderNftables(rules)),
    remove: (table) => feed(renderNftablesRemoval(table)),
  }
}

export function iptablesFilter(program: string, restore: string): PacketFilter {
  const wait = ['--wait', '5']
  const run = (table: string, ...args: readonly string[]) =>
    runProgram(program, [...wait, '-t', table, ...args])
  const isThere = async (table: string, ...args: readonly string[]) =>
    await run(table, ...args).then(
      () => true,
      () => false,
    )
  return {
    apply: async (rules) => {
      await runProgram(restore, [...wait, '--noflush'], { input: renderIptables(rules) })
      const chains = iptablesChains(rules.table)
      for (const table of rules.detours.length === 0 ? (['filter'] as const) : tables) {
        if (!(await isThere(table, '-C', 'OUTPUT', '-j', chains[table]))) {
          await run(table, '-I', 'OUTPUT', '-j', chains[table])
        }
      }
    },
    remove: async (name) => {
      const chains = iptablesChains(name)
      for (const table of tables) {
        const chain = chains[table]
        while (await isThere(table, '-D', 'OUTPUT', '-j', chain)) {
          // Once more than it was inserted.
        }
        if (!(await isThere(table, '-n', '-L', chain))) continue
        await run(table, '-F', chain)
        await run(table, '-X', chain)
      }
    },
  }
}

/** Why packets cannot be filtered here, or null. Tried, with rules for addresses of nobody's. */
export function whyNoNetwork(): Promise<string | null> {
  return tryRules(
    { cuts: [{ one: '127.255.255.252', other: '127.255.255.252' }] },
    'packets cannot be filtered here',
  )
}

/** Why connections cannot be led through a relay here, or null. */
export async function whyNoDelay(): Promise<string | null> {
  const why = await tryRules(
    { detours: [{ address: '127.255.255.252', ports: [{ port: 9, relayPort: 9 }] }] },
    'connections cannot be led through a relay here',
  )
  if (why !== null) return why
  return findProgram(['ss'], process.env) === null ? 'it needs ss: sudo apt-get install iproute2' : null
}

let tries = 0

async function tryRules(some: Partial<PacketRules>, failure: string): Promise<string | null> {
  if (process.getuid?.() !== 0)
    return 'only root may change the network: start the deployment and verify as root'
  const filter = findPacketFilter()
  if (filter === null) return 'it needs nft: sudo apt-get install nftables'
  tries += 1
  const table = `holdfast_probe_${`${String(process.pid)}${String(tries)}`.padStart(8, '0')}`
  const nothing = { cuts: [], detours: [], spared: { sentinels: [], replication: [] } }
  try {
    await filter.apply({ table, ...nothing, ports: { redis: 9, sentinel: 9 }, ...some })
    return null
  } catch (error) {
    return `${failure} (${(error as Error).message}); in a container it needs the capability NET_ADMIN`
  } finally {
    await filter.remove(table).catch(() => undefined)
  }
}
