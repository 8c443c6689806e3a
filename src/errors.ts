/** Stable, machine-readable names of what can go wrong; one list so that documentation and tests can use it. */
export type ErrorCode =
  | 'SPEC_INVALID'
  | 'SPEC_NOT_FOUND'
  | 'USAGE'
  | 'PORT_IN_USE'
  | 'BINARY_MISSING'
  | 'BINARY_TOO_OLD'
  | 'IMAGE_MISSING'
  | 'STATE_UNWRITABLE'
  | 'STATE_NEWER'
  | 'DISK_FULL'
  | 'DATA_DAMAGED'
  | 'NOT_RUNNING'
  | 'BUSY'
  | 'UNSUPPORTED'
  | 'SECRET_INVALID'
  | 'TIMEOUT'
  | 'SWITCHOVER_FAILED'
  | 'BACKUP_FAILED'
  | 'BACKUP_INVALID'
  | 'RESTORE_FAILED'
  | 'WOULD_OVERWRITE'
  | 'CLUSTER_UNREACHABLE'
  | 'CLUSTER_REFUSED'
  | 'INTERNAL'

export interface HoldfastErrorOptions {
  /** The next thing to type or change, as a sentence. */
  readonly hint?: string
  readonly cause?: unknown
  /** 2: the user's mistake or it could not run (no stack is shown); 1: a fault. Default 1. */
  readonly exitCode?: 1 | 2
}

/** The one error that reaches users: what happened, with the file, path or address, and what to do next. */
export class HoldfastError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly exitCode: 1 | 2

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HoldfastError'
    this.code = code
    this.hint = options.hint
    this.exitCode = options.exitCode ?? 1
  }
}
