import { timing } from '../topology/topology.ts'
import type { Confirmable } from './confirmer.ts'

/** Whether something that arrives now would be answered: asks for a confirmation of its own. */
export function confirmsSoon(confirmer: { readonly request: (one: Confirmable) => void }): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(false)
    }, timing.memberSilentMs)
    confirmer.request({
      beginRound: () => undefined,
      confirmed: () => {
        clearTimeout(timer)
        resolve(true)
      },
    })
  })
}
