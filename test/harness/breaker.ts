import { localTarget } from '../../src/targets/local/target.ts'

/**
 * Breaks a deployment as verify does, says `broken`, and waits to be killed: what it was doing is for others to heal.
 * Arguments: state directory, name.
 */
const [stateDir = '', name = ''] = process.argv.slice(2)
const driver = await localTarget({ stateDir, name }).faults?.()
if (driver === undefined) throw new Error('this target breaks nothing')
await driver.delay(0, 20)
await driver.cut([1], [2])
await driver.change(0, ['CONFIG', 'SET', 'maxmemory', '99mb'], ['CONFIG', 'SET', 'maxmemory', '0'])
await driver.fillDisk(2)
await driver.signalAll(['gateway', 'agent-0', 'redis-1'], 'STOP')
await driver.signal('supervisor', 'KILL')
process.stdout.write('broken\n')
setInterval(() => undefined, 1000)
