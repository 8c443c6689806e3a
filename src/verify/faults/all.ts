import type { Fault } from './fault.ts'
import { foreignFaults } from './foreign.ts'
import { hangs } from './hang.ts'
import { keyspaceFaults } from './keyspace.ts'
import { kills, pauses } from './kill.ts'
import { memoryFaults } from './memory.ts'
import { networkFaults } from './partition.ts'
import { plannedChanges } from './planned.ts'
import { podFaults } from './pods.ts'
import { powerFaults } from './power.ts'
import { restarts } from './restart.ts'
import { volumeFaults } from './volume.ts'
import { wrongStates } from './wrong-states.ts'

/** The catalogue, in the order in which `--list` shows it. */
export const faults: readonly Fault[] = [
  ...kills,
  ...pauses,
  ...restarts,
  ...hangs,
  ...networkFaults,
  ...plannedChanges,
  ...podFaults,
  ...powerFaults,
  ...volumeFaults,
  ...memoryFaults,
  ...keyspaceFaults,
  ...foreignFaults,
  ...wrongStates,
]
