import { faults } from '../../../src/verify/faults/all.ts'
import { testFaults } from '../../harness/fault-scene.ts'

const onFive = faults.filter(({ atLeast }) => (atLeast?.nodes ?? 0) > 3).map(({ name }) => name)
const onThree = faults.map(({ name }) => name).filter((name) => !onFive.includes(name))

testFaults('every fault of the drill on three nodes', onThree)

testFaults(
  'faults that need five nodes',
  [...onFive, 'lagging-replica', 'power-cut', 'cut-primary-from-sentinels'],
  {
    nodes: 5,
  },
)

testFaults(
  'the power cut twenty times, in a random order each',
  Array.from({ length: 20 }, () => 'power-cut'),
)
