import { HoldfastError } from '../errors.ts'

/** What the API server refused, in its own words. */
export class ApiError extends HoldfastError {
  /** HTTP status. */
  readonly status: number
  /** Kubernetes' word: `NotFound`, `Conflict`, `Invalid`, `Forbidden`. */
  readonly reason: string

  constructor(status: number, reason: string, message: string, hint?: string) {
    super('CLUSTER_REFUSED', message, hint === undefined ? {} : { hint })
    this.name = 'ApiError'
    this.status = status
    this.reason = reason
  }
}

/** @param body as the API server sends it: a Status, or anything when a proxy answered */
export function readApiError(status: number, body: string): ApiError {
  try {
    const { reason, message } = JSON.parse(body) as { reason?: unknown; message?: unknown }
    if (typeof message === 'string')
      return new ApiError(status, typeof reason === 'string' ? reason : '', message)
  } catch {
    // no JSON: a proxy's page
  }
  return new ApiError(status, '', `HTTP ${String(status)}: ${body.slice(0, 200).trim()}`)
}

/** An object that is not there, or a whole namespace. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

/** Somebody else was first: it exists already, or has changed since it was read. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
}

/** Whoever asks has not the right to. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403
}
