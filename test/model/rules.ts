import { confirmation, membersWith, membersWithout } from '../../src/insync/confirm.ts'
import type { Majorities } from '../../src/insync/majorities.ts'
import { gateVerdict, grantsPromise, mayFollow, nextEpoch, qualified } from '../../src/insync/gate.ts'

/** The decisions under test (the real ones, unless a test breaks one on purpose) and the duties of those who ask for them. */
export interface Rules {
  readonly confirmation: typeof confirmation
  readonly membersWithout: typeof membersWithout
  readonly membersWith: typeof membersWith
  readonly gateVerdict: typeof gateVerdict
  readonly grantsPromise: typeof grantsPromise
  readonly mayFollow: typeof mayFollow
  readonly nextEpoch: typeof nextEpoch
  readonly qualified: typeof qualified
  readonly duties: Duties
  /** Instead of those by which the number of nodes changes. */
  readonly stages?: readonly Majorities[]
}

/** What gateways and agents must do around the pure decisions. Each is needed: the model notices when one is left out. */
export interface Duties {
  /** A promise is on disk before it is answered. */
  readonly promiseSurvivesRestart: boolean
  /** A round reads the record after everything that it confirms had run. */
  readonly recordReadAfterWrites: boolean
  /** A round asks for an offset beyond the record that it read, not only beyond the writes. */
  readonly offsetBeyondRecord: boolean
  /** A primary that grants another node's gate is a replica before it reports its record. */
  readonly fencedPrimaryDeposed: boolean
  /** Whoever is fenced or follows is no primary to anybody: a process keeps its run_id, also when it is promoted again. */
  readonly fencedFeedsNobody: boolean
  /** The first record is written only while the candidate's promise is still that of its own gate. */
  readonly promiseStandsAtServe: boolean
  /** A node follows only who reigns: role master, record of its own, of this process (run). */
  readonly followsOnlyReigning: boolean
  /** A node that crashed before its append-only file was rewritten after a full sync came back with older data: not intact. */
  readonly oldDataIsNotIntact: boolean
  /** A node that lost its volume, and its promise, follows nobody before f + 1 intact others told theirs. */
  readonly blankAsksForPromises: boolean
  /** Confirmations and changes of the members run only in the process that reigns: not on a restarted log without its tail. */
  readonly changesOnlyInReign: boolean
  /** A stage of a change of the number of nodes begins when something was confirmed by the one before. */
  readonly stageIsConfirmed: boolean
}

export const realRules: Rules = {
  confirmation,
  membersWithout,
  membersWith,
  gateVerdict,
  grantsPromise,
  mayFollow,
  nextEpoch,
  qualified,
  duties: {
    promiseSurvivesRestart: true,
    recordReadAfterWrites: true,
    offsetBeyondRecord: true,
    fencedPrimaryDeposed: true,
    fencedFeedsNobody: true,
    promiseStandsAtServe: true,
    followsOnlyReigning: true,
    oldDataIsNotIntact: true,
    blankAsksForPromises: true,
    changesOnlyInReign: true,
    stageIsConfirmed: true,
  },
}

export function without(duty: keyof Duties): Rules {
  return { ...realRules, duties: { ...realRules.duties, [duty]: false } }
}
