import type { Command } from './command.ts'

/** Whether it may be sent again when its answer was lost, without asking a marker. */
export function isRepeatable({ route, facts }: Command): boolean {
  if (facts === undefined) return false
  switch (route) {
    case 'blocking':
      return !facts.write
    case 'write':
    case 'once':
    case 'exec':
      return false
    default:
      return true
  }
}

/** Whether its answer says something about data, which has to be confirmed. */
export function isAboutData({ route }: Command): boolean {
  return route === 'read' || route === 'write' || route === 'blocking' || route === 'once' || route === 'exec'
}
