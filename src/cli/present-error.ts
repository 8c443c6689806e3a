import { HoldfastError } from '../errors.ts'
import { Interrupted } from './shutdown.ts'

export interface ErrorSurroundings {
  /** Ctrl-C was pressed: whatever failed, failed because of that. */
  readonly interrupted: boolean
  readonly write: (text: string) => void
}

/**
 * Says what happened and what to do next. A stack only for what nobody foresaw.
 * @returns the exit code
 */
export function presentError(error: unknown, { interrupted, write }: ErrorSurroundings): number {
  if (interrupted) {
    write('interrupted\n')
    return 130
  }
  if (error instanceof Interrupted) return 143
  if (error instanceof HoldfastError) {
    write(`error: ${error.message}\n`)
    if (error.cause instanceof Error && error.exitCode === 1) write(`  cause: ${error.cause.message}\n`)
    if (error.hint !== undefined) write(`  ${error.hint.replaceAll('\n', '\n  ')}\n`)
    return error.exitCode
  }
  write(`unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
}
