import { createHash } from 'node:crypto'
import {
  batchScript,
  checkScript,
  laneConfirmScript,
  markScript,
  openScript,
  recoverScript,
} from '../insync/marker-scripts.ts'

/** A script with the name under which the server knows it. */
export interface Script {
  readonly body: string
  readonly sha1: string
}

function script(body: string): Script {
  return { body, sha1: createHash('sha1').update(body).digest('hex') }
}

export const scripts = {
  batch: script(batchScript),
  open: script(openScript),
  recover: script(recoverScript),
  check: script(checkScript),
  mark: script(markScript),
  confirm: script(laneConfirmScript),
} as const
