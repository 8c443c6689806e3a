import type { Turn } from './schedule.ts'

/** Every second call of each caller goes to one of so many names that all callers share, the others to one of its own. */
export function nameFor({ caller, turn }: Pick<Turn, 'caller' | 'turn'>, shared: number): string {
  return shared > 0 && turn % 2 === 1 ? `shared-${(caller + (turn >> 1)) % shared}` : `own-${caller}`
}

/** All names that `nameFor` gives. */
export function namesFor(callers: number, shared: number): readonly string[] {
  return [
    ...Array.from({ length: callers }, (_, caller) => `own-${caller}`),
    ...Array.from({ length: shared }, (_, index) => `shared-${index}`),
  ]
}
