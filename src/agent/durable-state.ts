import { compareEpochs, type Epoch } from '../insync/record.ts'
import { readIfExists, writeFileDurably } from '../platform/files.ts'

/** What an agent must not forget when it, or its machine, dies. On the node's volume beside the data. */
export interface DurableState {
  /** It follows no epoch below this. */
  readonly promise: Epoch
  /** False on a new or emptied volume, until the promises of enough others are known: one of them may have been its own. */
  readonly promiseKnown: boolean
  /** Its data once held everything it acknowledged, and was not lost since. */
  readonly intact: boolean
  /** Neither data nor sentinel state was ever here. */
  readonly virgin: boolean
  /** It began the deployment, and f others do not have their copy yet. */
  readonly founding: boolean
  /** The epoch whose gate this node passed last, and the redis-server that serves in it: its run_id, and its process as it says itself. */
  readonly reign: { readonly epoch: Epoch; readonly runId: string; readonly processId: number } | null
  /** run_id of the redis-server that has been in sync since it started; another one has not. */
  readonly syncedRun: string | null
}

export const blankState: DurableState = {
  promise: { number: 0, node: 0 },
  promiseKnown: false,
  intact: false,
  virgin: true,
  founding: false,
  reign: null,
  syncedRun: null,
}

export interface StateStore {
  get(): DurableState
  /** On disk, and synced, when it returns. */
  set(change: Partial<DurableState>): void
  /** Raises the promise; a lower one changes nothing. */
  promise(epoch: Epoch): void
}

/** @param initial what to begin with when the file does not exist */
export function openStateStore(path: string, initial: DurableState): StateStore {
  const text = readIfExists(path)
  let state: DurableState = text === null ? initial : { ...initial, ...(JSON.parse(text) as DurableState) }
  const write = (next: DurableState) => {
    writeFileDurably(path, JSON.stringify(next))
    state = next
  }
  if (text === null) write(initial)
  return {
    get: () => state,
    set: (change) => {
      write({ ...state, ...change })
    },
    promise: (epoch) => {
      if (compareEpochs(epoch, state.promise) > 0) write({ ...state, promise: epoch })
    },
  }
}
