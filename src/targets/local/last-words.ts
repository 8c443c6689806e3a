import { lastLines } from '../../platform/files.ts'
import type { LocalPaths } from './paths.ts'
import { isUnderSystemd } from './systemd/places.ts'
import { lastJournalLines } from './systemd/journal.ts'

/** What a component said last. */
export function lastWords(paths: LocalPaths, component: string, count: number): string[] {
  return isUnderSystemd(paths.stateDir)
    ? lastJournalLines(paths.stateDir, component, count)
    : lastLines(paths.log(component), count)
}
