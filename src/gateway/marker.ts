import { encodeCommand } from '../resp/encode.ts'
import type { LaneContext } from './lane-context.ts'
import { scripts } from './lane-scripts.ts'

/** A marker, and the last batch whose replies it keeps. */
export interface Leftover {
  readonly key: string
  readonly token: string
  readonly sequence: number
}

/** What a lane knows of its marker: the key, whose batches may run, and which ran last. */
export class Marker {
  readonly key: string
  /** It stands in the data, confirmed. */
  exists = false
  /** The last batch known to have run. */
  sequence = 0
  /** The last batch whose replies it is known not to keep any more. */
  trimmed = 0
  private readonly context: LaneContext
  private connections = 0

  constructor(context: LaneContext, key: string) {
    this.context = context
    this.key = key
  }

  /** Batches that carry an older one do not run any more, once the marker has this one. */
  get token(): string {
    return `${this.context.gatewayId}.${String(this.connections)}`
  }

  get leftover(): Leftover | null {
    const { key, token, sequence, exists, trimmed } = this
    return exists && sequence !== trimmed ? { key, token, sequence } : null
  }

  /** What a new connection begins with: makes the marker, or asks it what ran and takes it over. */
  begin(): Buffer {
    this.connections++
    const { markersDb, recordKey, db } = this.context
    const databases = [String(markersDb), String(db)] as const
    if (this.exists)
      return encodeCommand(['EVALSHA', scripts.recover.sha1, '1', this.key, databases[0], this.token])
    this.sequence = 0
    this.trimmed = 0
    return encodeCommand(['EVALSHA', scripts.open.sha1, '2', this.key, recordKey, ...databases, this.token])
  }

  /** What every batch's script is called with before its commands. @see batchScript */
  batchArguments(run: string): readonly string[] {
    const { markersDb, recordKey, db } = this.context
    return ['2', this.key, recordKey, String(markersDb), String(db), this.token, String(this.sequence), run]
  }
}
