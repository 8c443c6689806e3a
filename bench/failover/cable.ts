import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The network cable of a node that lives on this machine's loopback device. */
export interface Cable {
  /** From now on nothing from or to this address arrives, without a word to anybody; what the node says to itself does. */
  cut(address: string): Promise<void>
  heal(): Promise<void>
}

const run = promisify(execFile)
const tc = (...args: readonly string[]) => run('tc', [...args])

/**
 * Packets of an address are led into a device that nobody reads, by filters on the way out of the loopback device. Needs root and tc.
 * @throws Error when that is not possible here
 */
export async function openCable(scope: AsyncDisposableStack): Promise<Cable> {
  const sink = `hfcut${process.pid}`
  // What was there before is somebody else's, and stays.
  const undoing = (undo: () => Promise<unknown>) => {
    scope.defer(async () => {
      await undo().catch(() => undefined)
    })
  }
  await run('ip', ['tuntap', 'add', 'name', sink, 'mode', 'tun'])
  undoing(() => run('ip', ['link', 'del', sink]))
  await run('ip', ['link', 'set', sink, 'up'])
  await tc('qdisc', 'add', 'dev', 'lo', 'clsact')
  undoing(() => tc('qdisc', 'del', 'dev', 'lo', 'clsact'))
  const filter = (preference: number, what: readonly string[]) =>
    tc(
      ...['filter', 'add', 'dev', 'lo', 'egress', 'protocol', 'ip'],
      ...['prio', String(preference), 'u32'],
      ...what,
    )
  const lost = ['action', 'mirred', 'egress', 'redirect', 'dev', sink]
  return {
    cut: async (address) => {
      const from = ['match', 'ip', 'src', `${address}/32`]
      const to = ['match', 'ip', 'dst', `${address}/32`]
      // The first one that matches decides; without an action it lets pass.
      await filter(1, [...from, ...to, 'classid', '1:1'])
      await filter(2, [...from, ...lost])
      await filter(3, [...to, ...lost])
    },
    heal: async () => {
      await tc('filter', 'del', 'dev', 'lo', 'egress')
    },
  }
}
