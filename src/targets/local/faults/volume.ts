import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Topology } from '../../../topology/topology.ts'
import type { LocalPaths } from '../paths.ts'
import { backInSync, handOver, primaryOf, withoutProcesses } from './node-life.ts'
import { fill, freeze, isMounted, moveBack, moveToOwnDisk, ownDisk } from './own-disk.ts'
import type { UndoJournal } from './undo-journal.ts'

export interface Volumes {
  empty(node: number): Promise<void>
  fill(node: number): Promise<void>
  stall(node: number): Promise<void>
}

/** What can happen to the nodes' volumes. */
export function createVolumes(paths: LocalPaths, topology: Topology, journal: UndoJournal): Volumes {
  const { stateDir } = paths

  /**
   * A disk that fills, or hangs, without anybody else's. The node is moved there first, orderly, and is in sync and in its
   * role again before anything is broken.
   */
  const prepare = async (node: number) => {
    const disk = ownDisk(stateDir, node)
    if (isMounted(disk.directory)) return disk
    const wasPrimary = (await primaryOf(paths, topology)) === node
    if (wasPrimary) await handOver(paths, topology, { away: node })
    journal.note({ kind: 'volume', node })
    await withoutProcesses(paths, node, journal, () => moveToOwnDisk(disk))
    await backInSync(paths, topology, node)
    if (wasPrimary) await handOver(paths, topology, { to: node })
    return disk
  }

  return {
    empty: (node) =>
      withoutProcesses(paths, node, journal, async () => {
        const { directory } = ownDisk(stateDir, node)
        await mkdir(directory, { recursive: true, mode: 0o700 })
        for (const name of await readdir(directory)) {
          await rm(join(directory, name), { recursive: true, force: true })
        }
      }),
    fill: async (node) => {
      const disk = await prepare(node)
      journal.note({ kind: 'empty-disk', node })
      await fill(disk)
    },
    stall: async (node) => {
      const disk = await prepare(node)
      journal.note({ kind: 'thaw', node })
      await freeze(disk)
    },
  }
}

/** See `UndoStep`: volume. A primary hands over first, when it can. */
export async function bringBack(
  paths: LocalPaths,
  topology: Topology,
  node: number,
  journal: UndoJournal,
): Promise<void> {
  const disk = ownDisk(paths.stateDir, node)
  if (![disk.former, disk.image, disk.moved].some((path) => existsSync(path))) return
  if ((await primaryOf(paths, topology)) === node) {
    // Without it, it is replaced as one that died.
    await handOver(paths, topology, { away: node }).catch(() => undefined)
  }
  await withoutProcesses(paths, node, journal, () => moveBack(disk))
}
