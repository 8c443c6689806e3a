import { constants } from 'node:os'

/** Why work ends early: Ctrl-C or a supervisor's SIGTERM. */
export class Interrupted extends Error {
  readonly by: 'SIGINT' | 'SIGTERM'

  constructor(by: 'SIGINT' | 'SIGTERM') {
    super(by === 'SIGINT' ? 'interrupted' : 'terminated')
    this.by = by
    this.name = 'Interrupted'
  }
}

export interface Shutdown {
  /** Aborted by the first SIGINT or SIGTERM, with an {@link Interrupted} as its reason. */
  readonly signal: AbortSignal
  /** It was Ctrl-C. */
  interrupted(): boolean
}

/** The first signal asks for an orderly end, a second Ctrl-C ends at once. */
export function createShutdown(process: NodeJS.Process): Shutdown {
  const controller = new AbortController()
  let interrupts = 0
  process.on('SIGTERM', () => {
    controller.abort(new Interrupted('SIGTERM'))
  })
  process.on('SIGINT', () => {
    interrupts += 1
    if (interrupts > 1) process.exit(128 + constants.signals.SIGINT)
    controller.abort(new Interrupted('SIGINT'))
  })
  return { signal: controller.signal, interrupted: () => interrupts > 0 }
}
