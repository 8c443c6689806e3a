import { findHole, setAside, sizeOnDisk } from './append-only-file.ts'
import type { AgentState } from './api.ts'
import type { AgentContext } from './context.ts'
import { maySpare } from './spare.ts'
import { majoritiesOf } from '../topology/topology.ts'

type AgentProblem = AgentState['problems'][number]

/** Of a node whose redis-server cannot read its append-only file. */
export interface DamagedFiles {
  /** What to say: more, when all that is wrong is a hole that a full disk left. */
  explain(problem: AgentProblem): Promise<AgentProblem>
  /**
   * Before redis-server is started again: if that is all that is wrong, and nobody needs what is in the files, they are set
   * aside, so that the node begins empty and is filled from the primary. @returns whether they are
   */
  spare(): Promise<boolean>
}

/** @param directory the node's `appendonlydir` */
export function createDamagedFiles(context: AgentContext, directory: string): DamagedFiles {
  const { node, topology, store, log } = context
  /** Reading large files takes a while: once, unless they change. */
  let read: { readonly bytes: number | null; readonly hole: Promise<string | null> } | null = null

  const readHole = async (): Promise<string | null> => {
    try {
      const hole = await findHole(directory)
      return hole === null ? null : `${hole.path} has a hole at byte ${String(hole.offset)}`
    } catch (error) {
      // Of a file that is missing or unreadable redis-server says more.
      log.warn({ why: (error as Error).message }, 'the append-only file cannot be looked at')
      return null
    }
  }

  const holeInWords = (): Promise<string | null> => {
    const bytes = sizeOnDisk(directory)
    const known = (read?.bytes === bytes ? read : null) ?? { bytes, hole: readHole() }
    read = known
    return known.hole
  }

  return {
    explain: async (problem) => {
      const hole = await holeInWords()
      if (hole === null) return problem
      const others = `a primary and ${String(topology.f)} in-sync replica${topology.f === 1 ? '' : 's'}`
      return {
        code: problem.code,
        message: `${node.name} cannot read its append-only file: ${hole}, which a full disk left. Nothing was deleted or truncated.`,
        hint:
          `Bring the other nodes up: as soon as ${others} are there, the file is set aside and the node filled again by itself. ` +
          `If none of them can read its file: copy ${directory} of each, then redis-check-aof --fix on its .manifest file; ` +
          'what stands behind the hole is dropped, and the node that kept the most of what was answered will serve.',
      }
    },
    spare: async () => {
      const hole = await holeInWords()
      if (hole === null || !maySpare(node.index, majoritiesOf(topology), store.get(), context.seen.peers))
        return false
      const aside = setAside(directory)
      log.warn({ aside }, `a full disk spoilt the append-only file (${hole}): set aside, begins empty`)
      return true
    },
  }
}
