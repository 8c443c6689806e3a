import { HoldfastError } from '../../../errors.ts'

const refusedForNow = /^(?:NOREPLICAS|LOADING|MASTERDOWN|MISCONF|READONLY|BUSY|TRYAGAIN) /

/** A server that does not answer, or does not do it now: asked again it may. */
export function isForNow(error: unknown): boolean {
  if (error instanceof HoldfastError) return error.code === 'NOT_RUNNING'
  return error instanceof Error && refusedForNow.test(error.message)
}
