import type { TargetContext } from '../targets/target.ts'
import type { CommandContext } from './context.ts'
import { createProgress } from './progress.ts'
import { Interrupted } from './shutdown.ts'

/**
 * Runs what may take a while with its progress on stderr. A Ctrl-C is not a failure: it says how to go on.
 * @returns the exit code that `work` gives, or that of the interruption
 */
export async function runWithProgress(
  { signal, note }: CommandContext,
  goOn: string,
  work: (target: TargetContext) => Promise<number>,
): Promise<number> {
  const progress = createProgress(process.stderr, Date.now)
  try {
    return await work({ progress, signal })
  } catch (error) {
    const reason: unknown = signal.reason
    if (!(signal.aborted && reason instanceof Interrupted)) throw error
    progress.end()
    note(`${reason.message}: ${goOn}`)
    return reason.by === 'SIGINT' ? 130 : 143
  } finally {
    progress.end()
  }
}
