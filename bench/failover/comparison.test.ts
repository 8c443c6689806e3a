import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replaceSection } from '../support/markdown.ts'
import { comparison } from './comparison.ts'
import type { FaultResult } from './judge-fault.ts'
import { failoverReport, type FailoverResults } from './report.ts'

const one: FaultResult = {
  ...{ pauseMs: 210, laterMs: 12, frontPauseMs: 180, errors: {}, frontErrors: {}, acknowledged: 1500 },
  ...{ lost: 0, twice: 0, back: 0, other: 0, tookMs: 4000 },
}
const bad: FaultResult = {
  ...{ ...one, pauseMs: 900, frontPauseMs: 3150, errors: { 'no connection': 1200 } },
  ...{ frontErrors: { 'http-500': 34 }, lost: 700, back: 3 },
}
const results: FailoverResults = {
  kinds: ['switchover', 'kill'],
  all: [
    {
      system: { name: 'holdfast', title: 'Holdfast' },
      results: { switchover: [one, one, one], kill: [{ ...one, pauseMs: 390 }, one, one] },
    },
    { system: { name: 'haproxy', title: 'HAProxy + Sentinel' }, results: { switchover: [bad], kill: [one] } },
  ],
}

test('the comparison has a line a fault: sums of errors, lost and back, and the longest wait of anybody', () => {
  assert.deepEqual(comparison(results).split('\n'), [
    '| fault | Holdfast: errors | lost | back | longest wait | HAProxy + Sentinel: errors | lost | back | longest wait |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    '| switchover | 0 | 0 | 0 | 210 ms | 1 234 | 700 of 1 500 | 3 | 3.15 s |',
    '| primary killed (kill -9) | 0 | 0 | 0 | 390 ms | 0 | 0 | 0 | 210 ms |',
    '',
    'Faults of each kind, whose errors and losses are summed: 3 at Holdfast, 1 at HAProxy + Sentinel; under 800 calls of INCR and ' +
      '100 calls at the front door a second; of the waits the longest.',
  ])
})

test('the report says of each line how many faults it stands for', () => {
  const lines = failoverReport(results).split('\n')
  const faults = lines.flatMap((line) => /^\| (\S+).*?: .*? \| (\d+) \|/.exec(line)?.slice(1).join(' ') ?? [])
  const each = ['Holdfast 3', 'Holdfast 3', 'HAProxy 1', 'HAProxy 1']
  assert.deepEqual(faults, [...each, ...each])
})

test('a fault that was not tried has no figures', () => {
  const none = { ...results, all: results.all.map((each) => ({ ...each, results: {} })) }
  assert.match(comparison(none), /\| switchover \| – \| – \|/)
})

test('only what is between the marks changes, and without marks nothing', () => {
  const text = 'before\n<!-- begin comparison -->\nold\n<!-- end comparison -->\nafter\n'
  assert.equal(
    replaceSection(text, 'comparison', 'new'),
    'before\n<!-- begin comparison -->\nnew\n<!-- end comparison -->\nafter\n',
  )
  assert.throws(() => replaceSection('no marks', 'comparison', 'new'), /<!-- begin comparison -->/)
})
