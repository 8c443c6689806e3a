import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { eventually } from '../../../../test/harness/eventually.ts'
import { findManaged, spawnManaged } from '../../../platform/managed-process.ts'
import { ownProcesses } from '../../../platform/proc.ts'
import {
  findProcess,
  hasOpened,
  runningComponents,
  signalComponent,
  signalComponents,
  usersOf,
  wake,
  type FaultSignal,
} from './processes.ts'
import { openJournal } from './undo-journal.ts'

let deployment: string

beforeEach(() => {
  deployment = mkdtempSync(join(tmpdir(), 'fault-processes-'))
})

afterEach(async () => {
  await Promise.all(findManaged(deployment).map((found) => found.stop({ graceMs: 0 })))
  rmSync(deployment, { recursive: true })
})

const start = (component: string, script = 'sleep 300 & sleep 300') =>
  spawnManaged({
    component,
    deployment,
    argv: ['/bin/sh', '-c', script],
    env: { PATH: process.env.PATH ?? '' },
    logFile: join(deployment, 'logs', `${component}.log`),
  })

const send = (component: string, signal: FaultSignal) =>
  signalComponent(deployment, component, signal, openJournal(deployment))

test('a component stops with all that it started, which is noted, and goes on', async () => {
  const { pid } = await start('app-0')
  await send('app-0', 'STOP')
  const members = ownProcesses().filter(({ session }) => session === pid)
  assert.ok(members.every(({ stopped }) => stopped))
  assert.deepEqual(findProcess(deployment, 'app-0'), { pid, stopped: true })
  const noted = openJournal(deployment).steps()
  assert.deepEqual(
    noted.map((step) => step.kind === 'continue' && step.pid).toSorted(),
    members.map((member) => member.pid).toSorted(),
  )
  await send('app-0', 'CONT')
  assert.deepEqual(findProcess(deployment, 'app-0'), { pid, stopped: false })
  assert.deepEqual(openJournal(deployment).steps(), [])
})

test('what left its session the moment it was stopped goes on, too', async () => {
  await start('app-0')
  const { pid } = await start('app-1')
  await send('app-1', 'STOP')
  const journal = openJournal(deployment)
  const noted = journal.steps().map((step) => ({ ...step, component: 'app-0' }))
  journal.forget(() => true)
  journal.note(...noted)
  await send('app-0', 'CONT')
  assert.deepEqual(findProcess(deployment, 'app-1'), { pid, stopped: false })
  assert.deepEqual(journal.steps(), [])
})

test('only the very process that was stopped is woken', async () => {
  await start('app-0')
  await send('app-0', 'STOP')
  const [step] = openJournal(deployment).steps()
  assert.ok(step?.kind === 'continue')
  wake({ ...step, startTime: step.startTime + 1 })
  wake({ ...step, bootId: 'of another boot' })
  assert.equal(findProcess(deployment, 'app-0')?.stopped, true)
})

test('what is not the deployment’s, or does not run, is not signalled', async () => {
  await start('app-0')
  await start('guardian')
  assert.deepEqual(runningComponents(deployment), ['app-0'])
  await assert.rejects(send('guardian', 'KILL'), /guardian does not run/)
  await assert.rejects(send('redis-0', 'KILL'), /redis-0 does not run/)
  const journal = openJournal(deployment)
  assert.deepEqual(await signalComponents(deployment, ['app-0', 'app-1'], 'KILL', journal), ['app-0'])
  assert.equal(findProcess(deployment, 'app-0'), null)
})

test('who is in the middle of reading a file of a volume is told from who is not', async () => {
  const volume = join(deployment, 'volume')
  mkdirSync(volume)
  writeFileSync(join(volume, 'file'), '')
  await start('agent-0')
  await start('agent-1', `exec 3<'${join(volume, 'file')}'; sleep 300`)
  await eventually('open', 5000, () => hasOpened(deployment, 'agent-1', volume) || 'not yet')
  assert.equal(hasOpened(deployment, 'agent-0', volume), false)
  assert.equal(hasOpened(deployment, 'agent-2', volume), false)
})

test('whoever works in a directory, or has a file below it open, keeps it busy', async () => {
  const volume = join(deployment, 'volume')
  mkdirSync(volume)
  const works = await start('app-0', `cd '${volume}' && exec sleep 300`)
  const opens = await start('app-1', `exec 4>'${volume}/file' && exec sleep 300`)
  await start('app-2')
  await eventually('both keep it busy', 10_000, () => {
    const users = usersOf(volume)
    return [works.pid, opens.pid].toSorted().join() === users.toSorted().join() || users.join()
  })
})
