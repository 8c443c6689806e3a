import { findHole, setAside, sizeOnDisk } from './append-only-file.ts'
import type { AgentState } from './api.ts'
import type { AgentContext } from './context.ts'
import { maySpare } from './spare.ts'

type AgentProblem = AgentState['problems'][number]

/** Of a node whose redis-server cannot read its append-only file. */
export interface DamagedFiles {
  /**
   * Before redis-server is started again: if all that is wrong is a hole that a full disk left, and nobody needs what is
   * in the files, they are set aside, so that the node begins empty and is filled from the primary.
   * @returns what to say now; null when the files are set aside
   */
  look(problem: AgentProblem): Promise<AgentProblem | null>
}

/** @param directory the node's `appendonlydir` */
export function createDamagedFiles(context: AgentContext, directory: string): DamagedFiles {
  const { node, topology, store, log } = context
  /** Reading large files takes a while: once, unless they change. */
  let read: { readonly bytes: number | null; readonly words: string | null } | null = null

  const wordsOfHole = async (): Promise<string | null> => {
    try {
      const hole = await findHole(directory)
      return hole === null ? null : `${hole.path} has a hole at byte ${String(hole.offset)}`
    } catch (error) {
      // Of a file that is missing or unreadable redis-server says more.
      log.warn({ why: (error as Error).message }, 'the append-only file cannot be looked at')
      return null
    }
  }

  return {
    look: async (problem) => {
      const bytes = sizeOnDisk(directory)
      if (read?.bytes !== bytes) read = { bytes, words: await wordsOfHole() }
      const { words } = read
      if (words === null) return problem
      if (maySpare(node.index, topology.f, store.get(), context.seen.peers)) {
        const aside = setAside(directory)
        log.warn({ aside }, `a full disk spoilt the append-only file (${words}): set aside, begins empty`)
        return null
      }
      const others = `a primary and ${String(topology.f)} in-sync replica${topology.f === 1 ? '' : 's'}`
      return {
        code: problem.code,
        message: `${node.name} cannot read its append-only file: ${words}, which a full disk left. Nothing was deleted or truncated.`,
        hint:
          `Bring the other nodes up: as soon as ${others} are there, the file is set aside and the node filled again by itself. ` +
          `If none of them can read its file: copy ${directory} of each, then redis-check-aof --fix on its .manifest file; ` +
          'what stands behind the hole is dropped, and the node that kept the most of what was answered will serve.',
      }
    },
  }
}
