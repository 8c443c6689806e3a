import { testFaults } from '../harness/fault-scene.ts'

// A few of the catalogue; all of it is in long/verify-faults.test.ts.
testFaults('faults of the drill, one of a kind', [
  'kill-node',
  'hang-primary',
  'partition-primary',
  'lagging-replica',
  'kill-gateway-after-ack',
  'wrong-address',
])
