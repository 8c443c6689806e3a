import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FailoverMoment } from '../discovery/options.ts'
import { FailoverTimeline } from './failover-timeline.ts'

type Moments = readonly (readonly [FailoverMoment, number])[]

/** A gateway that had a primary before. */
function timeline(moments: Moments): FailoverTimeline {
  const line = new FailoverTimeline()
  line.add('taken', 0)
  assert.equal(line.resumed(1), null, 'the first primary is no failover')
  for (const [moment, atMs] of moments) line.add(moment, atMs)
  return line
}

test('a primary that died: milliseconds since it was lost', () => {
  const moments: Moments = [
    ...([
      ['lost', 5000],
      ['down', 6500],
      ['tried', 6510],
      ['elected', 6600],
    ] as const),
    ...([
      ['selected', 6610],
      ['master', 6640.4],
      ['promoted', 6650],
      ['taken', 6700],
    ] as const),
  ]
  assert.deepEqual(timeline(moments).resumed(6710), {
    lostMs: 0,
    downMs: 1500,
    electedMs: 1600,
    selectedMs: 1610,
    promotedMs: 1650,
    masterMs: 1640,
    switchedMs: null,
    takenMs: 1700,
    resumedMs: 1710,
    pausedMs: 1710,
  })
})

test('a failover that was asked for begins before the loss; who never lost the primary paused from the change on', () => {
  const asked = timeline([
    ['elected', 100],
    ['promoted', 150],
    ['lost', 160],
    ['taken', 180],
  ]).resumed(190)
  assert.deepEqual([asked?.electedMs, asked?.lostMs, asked?.resumedMs, asked?.pausedMs], [0, 60, 90, 30])
  const unnoticed = timeline([
    ['elected', 100],
    ['taken', 180],
  ]).resumed(190)
  assert.deepEqual([unnoticed?.lostMs, unnoticed?.pausedMs], [null, 10])
})

test('tried again: the first loss, the last election', () => {
  const line = timeline([
    ...([
      ['lost', 1000],
      ['elected', 2000],
      ['selected', 2010],
      ['lost', 2500],
    ] as const),
    ...([
      ['elected', 9000],
      ['selected', 9010],
      ['promoted', 9020],
      ['taken', 9030],
    ] as const),
  ]).resumed(9040)
  assert.deepEqual([line?.lostMs, line?.electedMs, line?.pausedMs], [0, 8000, 8040])
})

test('a late announcement of the failover before is not this one’s', () => {
  const late = timeline([
    ['switched', 50],
    ['lost', 5000],
    ['elected', 6000],
    ['taken', 6050],
  ])
  assert.equal(late.resumed(6060)?.switchedMs, null)
  const both = timeline([
    ['switched', 50],
    ['elected', 6000],
    ['switched', 6010],
    ['taken', 6050],
  ])
  assert.equal(both.resumed(6060)?.switchedMs, 10)
  const promoted = timeline([
    ['promoted', 50],
    ['elected', 6000],
    ['taken', 6050],
  ]).resumed(6060)
  assert.deepEqual([promoted?.promotedMs, promoted?.electedMs], [null, 0])
  const old = timeline([
    ['down', 10],
    ['elected', 20],
    ['lost', 60_000],
    ['taken', 60_050],
  ]).resumed(60_060)
  assert.deepEqual([old?.downMs, old?.electedMs, old?.lostMs], [null, null, 0])
})

test('a link that comes back is no failover, nor is a confirmation without one', () => {
  const line = timeline([['lost', 100]])
  line.recovered()
  assert.equal(line.resumed(200), null)
  line.add('taken', 900)
  assert.equal(line.resumed(1000)?.pausedMs, 100)
  assert.equal(line.resumed(1100), null, 'told once')
})
