import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError } from '../errors.ts'
import { commandOf, readVerifyOptions, type VerifyFlags } from './verify-options.ts'

const names = ['counter', 'incr', 'append']
const read = (flags: VerifyFlags) => readVerifyOptions(flags, 42, names)

test('nothing said: a minute of the ordinary mix, and a seed that can be repeated', () => {
  const options = read({})
  assert.deepEqual(
    [options.durationMs, options.faults, options.workloads, options.seed, options.secondGateway],
    [60_000, 'ordinary', null, 42, true],
  )
  assert.equal(
    commandOf(options, null),
    './holdfast verify --for 60s --faults ordinary --clients 32 --rate 200 --seed 42',
  )
})

test('the command that a run prints means the same run', () => {
  const flags = {
    for: '1.5h',
    faults: 'kill-primary@5s,switchover@20s',
    workloads: 'incr,counter',
    ...{ clients: '8', rate: '100', seed: '0', overlap: true, destructive: true, secondGateway: false },
  }
  const options = read(flags)
  const command = commandOf(options, "it's mine.yaml")
  assert.ok(command.includes(String.raw`--spec 'it'\''s mine.yaml' `), command)
  assert.ok(command.endsWith('--seed 0 --overlap --destructive --no-second-gateway'), command)
  const value = (name: string): string => new RegExp(`--${name} (\\S+)`).exec(command)?.[1] ?? ''
  const again = { ...flags, for: value('for'), faults: value('faults'), workloads: value('workloads') }
  assert.deepEqual(
    read({ ...again, clients: value('clients'), rate: value('rate'), seed: value('seed') }),
    options,
  )
})

test('times, with hours', () => {
  for (const [text, ms] of [
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['0.5h', 1_800_000],
  ] as const)
    assert.equal(read({ for: text }).durationMs, ms)
})

test('every mistake is named at once', () => {
  assert.throws(
    () => read({ for: '1s', workloads: 'incrr', rate: '1e9', against: 'https://x/?a=b', faults: 'all' }),
    (error) =>
      error instanceof HoldfastError &&
      error.exitCode === 2 &&
      error.message.includes('--for 1s: ') &&
      error.message.includes('--workloads incrr: there is no such workload; incr?') &&
      error.message.includes('--rate 1e9: a whole number from 1 to 100000') &&
      error.message.includes('--against https://x/?a=b: ') &&
      error.message.includes('--against breaks nothing'),
  )
  for (const flags of [
    { clients: '0' },
    { seed: '-1' },
    { seed: '4294967296' },
    { workloads: ',' },
    { for: '1d' },
  ])
    assert.throws(() => read(flags), HoldfastError)
})
