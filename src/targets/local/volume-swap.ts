import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { blankState, type DurableState } from '../../agent/durable-state.ts'
import { nodePaths } from '../../agent/servers.ts'
import { compareEpochs, type Epoch } from '../../insync/record.ts'
import { readIfExists, syncDirectory, writeFileDurably } from '../../platform/files.ts'
import type { Topology } from '../../topology/topology.ts'
import type { LocalPaths } from './paths.ts'

const asidePrefix = 'nodes.before-'

/** While it is there, the nodes' directories are being replaced. Names within the state directory. */
interface Swap {
  /** Where the present ones go. */
  readonly aside: string
  /** What comes in their place. */
  readonly staged: string
}

const swapFile = ({ stateDir }: LocalPaths) => join(stateDir, 'swap.json')

/**
 * From here on the data is replaced, whoever dies. Nothing of the deployment runs.
 * @param staged a directory one below the state directory's folder `restore`
 * @returns where the present data will be; null: there is none
 */
export function beginSwap(paths: LocalPaths, staged: string): string | null {
  const { stateDir } = paths
  const hasNodes = existsSync(join(stateDir, 'nodes'))
  const aside = asidePrefix + new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  writeFileDurably(swapFile(paths), JSON.stringify({ aside, staged: staged.slice(stateDir.length + 1) }))
  return hasNodes ? join(stateDir, aside) : null
}

/** Does what of a swap is not done yet; nothing when none was begun. Any number of times. */
export function finishSwap(paths: LocalPaths): boolean {
  const text = readIfExists(swapFile(paths))
  if (text === null) return false
  const { aside, staged } = JSON.parse(text) as Swap
  const at = (name: string) => join(paths.stateDir, name)
  if (existsSync(at(staged))) {
    if (existsSync(at('nodes')) && !existsSync(at(aside))) renameSync(at('nodes'), at(aside))
    renameSync(at(staged), at('nodes'))
    syncDirectory(paths.stateDir)
  }
  // Its nodes may have been of another number.
  rmSync(paths.topology, { force: true })
  for (const name of readdirSync(paths.stateDir)) {
    if (name.startsWith(asidePrefix) && name !== aside) rmSync(at(name), { recursive: true, force: true })
  }
  rmSync(at(dirname(staged)), { recursive: true, force: true })
  rmSync(swapFile(paths))
  return true
}

/** The highest promise of any node, so that what begins anew is above whatever was. */
export function readHighestPromise({ stateDir }: LocalPaths): Epoch {
  const nodes = join(stateDir, 'nodes')
  const indices = existsSync(nodes) ? readdirSync(nodes).filter((name) => /^\d+$/.test(name)) : []
  const promises = indices.flatMap((index) => {
    const text = readIfExists(nodePaths(stateDir, Number(index)).state)
    return text === null ? [] : [(JSON.parse(text) as DurableState).promise]
  })
  return promises.toSorted(compareEpochs).at(-1) ?? blankState.promise
}

/** Every node is new, also the one that has data: it has no record, and so has nothing to vouch for. */
export function writeStagedState(nodes: string, topology: Topology, promise: Epoch): void {
  for (const { index } of topology.nodes) {
    const directory = join(nodes, String(index))
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const state: DurableState = { ...blankState, promise }
    syncDirectory(directory)
    writeFileDurably(join(directory, basename(nodePaths('', index).state)), JSON.stringify(state))
  }
}
