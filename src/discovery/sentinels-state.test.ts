import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressKey, addressOf } from './address.ts'
import { EpochFloor } from './epoch-floor.ts'
import { deploymentRules, standaloneRules } from './rules.ts'
import {
  areBehind,
  backed,
  elected,
  majority,
  promising,
  reduceSentinels,
  withSentinels,
  type SentinelReport,
  type SentinelsState,
} from './sentinels-state.ts'

const node = (index: number) => ({ host: `10.0.0.${String(index)}`, port: 6379 })
const names = (index: number, epoch = 0): SentinelReport => ({
  kind: 'names',
  primary: { address: node(index), epoch },
})

/** Three sentinels, a, b and c, and what they said one after the other. */
function after(...said: readonly (readonly ['a' | 'b' | 'c', SentinelReport])[]): SentinelsState {
  return said.reduce(
    (state, [sentinel, report]) => reduceSentinels(state, sentinel, report),
    withSentinels(new Map(), ['a', 'b', 'c']),
  )
}

const named = (state: SentinelsState, floor = 0): string | undefined => {
  const found = majority(state, floor)
  return found === null ? undefined : `${addressKey(found.address)}@${String(found.epoch)}`
}

test('a majority of all sentinels is needed, the silent ones counted as well', () => {
  assert.equal(named(after(['a', names(1)])), undefined)
  assert.equal(named(after(['a', names(1)], ['b', names(2)])), undefined)
  assert.equal(named(after(['a', names(1)], ['b', names(2)], ['c', names(1)])), '10.0.0.1:6379@0')
  const fallenSilent = after(['a', names(1)], ['c', names(1)], ['c', { kind: 'names', primary: null }])
  assert.equal(named(fallenSilent), undefined)
})

test('who names in an older configuration epoch than the last one used is not counted', () => {
  const stale = after(['a', names(1, 6)], ['b', names(1, 6)], ['c', names(2, 7)])
  assert.equal(named(stale, 6), '10.0.0.1:6379@6')
  assert.equal(named(stale, 7), undefined)
})

test('one sentinel alone cannot raise the epoch, nor keep it up', () => {
  const lying = after(['a', names(1, 7)], ['b', names(1, 8)], ['c', names(1, 999_999)])
  assert.equal(named(lying), '10.0.0.1:6379@8')
  const lost = after(['a', names(1, 0)], ['b', names(1, 1)], ['c', names(1, 999_999)])
  assert.equal(areBehind(lost, 7), true)
  assert.equal(areBehind(after(['a', names(1, 0)], ['b', names(1, 7)]), 7), false)
  assert.equal(areBehind(after(['a', names(1, 0)]), 7), false, 'a majority must answer')
})

test('an epoch is forgotten once a majority stays behind it, not while news travels', () => {
  const floor = new EpochFloor(1000)
  floor.used(7)
  const behind = after(['a', names(1, 1)], ['b', names(1, 1)], ['c', names(2, 7)])
  const told = after(['a', names(1, 1)], ['b', names(2, 7)], ['c', names(2, 7)])
  assert.equal(floor.saw(behind, 0), false)
  assert.equal(floor.saw(told, 500), false)
  assert.equal(floor.saw(behind, 900), false)
  assert.equal(floor.saw(behind, 1899), false)
  assert.equal(floor.epoch, 7)
  assert.equal(floor.saw(behind, 1900), true)
  assert.equal(floor.epoch, 0)
})

const promotes = (sentinel: 'a' | 'b' | 'c', index: number, untilMs = 100) =>
  [sentinel, { kind: 'promoting', address: node(index), untilMs }] as const
const is = (sentinel: 'a' | 'b' | 'c') => [sentinel, { kind: 'identified', id: `id-${sentinel}` }] as const
const votes = (sentinel: 'a' | 'b' | 'c', leader: string, epoch: number) =>
  [sentinel, { kind: 'voted', leader: `id-${leader}`, epoch }] as const
const electedIn = (state: SentinelsState, floor = 0, nowMs = 50): string | undefined => {
  const found = elected(state, floor, nowMs)
  return found === null ? undefined : `${addressKey(found.address)}@${String(found.epoch)}`
}

test('a promotion counts when a majority voted for who reports it, for a while', () => {
  const state = after(is('a'), votes('a', 'a', 5), votes('b', 'a', 5), promotes('a', 2))
  assert.equal(electedIn(state), '10.0.0.2:6379@5')
  assert.equal(electedIn(state, 6), undefined, 'an older election')
  assert.equal(electedIn(state, 0, 100), undefined, 'too long ago')
  assert.equal(electedIn(reduceSentinels(state, 'a', { kind: 'aborted' })), undefined)
})

test('a promotion by a sentinel that nobody elected does not count', () => {
  assert.equal(electedIn(after(is('a'), votes('a', 'a', 5), promotes('a', 2))), undefined, 'its own vote')
  const another = after(is('a'), votes('a', 'a', 5), votes('b', 'a', 4), votes('c', 'b', 5), promotes('a', 2))
  assert.equal(electedIn(another), undefined, 'votes of another election')
  const notLeader = after(is('a'), is('b'), votes('a', 'b', 5), votes('b', 'b', 5), promotes('a', 2))
  assert.equal(electedIn(notLeader), undefined, 'the votes are for somebody else')
  const unknown = after(votes('a', 'a', 5), votes('b', 'a', 5), promotes('a', 2))
  assert.equal(electedIn(unknown), undefined, 'its id is not known')
})

test('whoever takes the name of who was elected promotes nobody', () => {
  const election = [votes('a', 'a', 5), votes('b', 'a', 5), votes('c', 'a', 5)] as const
  const state = after(is('a'), ...election, promotes('c', 2), ['c', { kind: 'identified', id: 'id-a' }])
  assert.equal(electedIn(state), undefined)
})

const report = fc.oneof(
  fc.record({ kind: fc.constant('identified' as const), id: fc.constantFrom('0', '1', '2', null) }),
  fc.record({
    kind: fc.constant('names' as const),
    primary: fc.option(
      fc.record({ address: fc.constantFrom(node(1), node(2), node(3)), epoch: fc.constantFrom(0, 7, 9) }),
    ),
  }),
  fc.record({
    kind: fc.constant('voted' as const),
    leader: fc.constantFrom('0', '1', '2'),
    epoch: fc.constantFrom(0, 7, 9),
  }),
  fc.record({
    kind: fc.constant('promoting' as const),
    address: fc.constantFrom(node(1), node(2), node(3)),
    untilMs: fc.constantFrom(10, 100),
  }),
)

test('whatever a minority says, a majority that is of one mind is not overruled', () => {
  const lies = fc.array(fc.tuple(fc.nat(1), report), { maxLength: 40 })
  fc.assert(
    fc.property(fc.constantFrom(3, 5), fc.boolean(), lies, (count, announced, said) => {
      const liars = Math.floor((count - 1) / 2)
      const leader = String(liars)
      let state = withSentinels(
        new Map(),
        Array.from({ length: count }, (_, index) => String(index)),
      )
      const says = (sentinel: string, ...reports: readonly SentinelReport[]): void => {
        for (const one of reports) state = reduceSentinels(state, sentinel, one)
      }
      for (let honest = liars; honest < count; honest += 1) {
        says(String(honest), { kind: 'identified', id: String(honest) }, { kind: 'voted', leader, epoch: 7 })
        says(String(honest), announced ? names(1, 7) : names(3, 6))
      }
      says(leader, { kind: 'promoting', address: node(1), untilMs: 100 })
      for (const [sentinel, one] of said) if (sentinel < liars) says(String(sentinel), one)

      const allowed = announced ? ['10.0.0.1:6379@7'] : ['10.0.0.1:6379@7', '10.0.0.3:6379@6']
      for (const floor of [0, 6, 7])
        for (const { address, epoch } of backed(state, floor, 50))
          assert.ok(allowed.includes(`${addressKey(address)}@${String(epoch)}`))
      assert.equal(named(state, 6), announced ? '10.0.0.1:6379@7' : '10.0.0.3:6379@6')
      assert.equal(areBehind(state, 6), false)
    }),
    { numRuns: 2000 },
  )
})

test('the newest election counts, and none that is behind what a majority names', () => {
  const two = after(
    ...[is('a'), is('b'), promotes('a', 1), promotes('b', 2)],
    ...[votes('a', 'a', 5), votes('b', 'b', 6), votes('c', 'b', 6)],
  )
  assert.equal(electedIn(two), '10.0.0.2:6379@6')
  const over = after(
    ...[is('a'), votes('a', 'a', 5), votes('b', 'a', 5), promotes('a', 1)],
    ...([['b', names(2, 6)] as const, ['c', names(2, 6)] as const] as const),
  )
  assert.deepEqual(backed(over, 0, 50), [{ address: node(2), epoch: 6 }])
})

test('whom to ask: in a deployment of our own also whom one sentinel promotes, a stranger never', () => {
  const nodes = [1, 2, 3].map((index) => ({
    ...{ index: index - 1, name: `redis-${String(index - 1)}`, address: node(index).host },
    ...{ redisPort: 6379, sentinelPort: 26_379, agentPort: 26_380 },
  }))
  const redis = { databases: 16, markersDb: 16, db: 0, maxmemoryBytes: 0, appendfsync: 'everysec' } as const
  const own = deploymentRules({ nodes, name: 'x', redis })
  const other = standaloneRules({ sentinels: [], name: 'x', markersDb: 1 })
  const state = after(['a', names(9)], ['b', names(9)], promotes('c', 2))
  assert.deepEqual(promising(state, 50), [node(2)])
  assert.deepEqual(own.candidates(state, 0, 50), [node(2)])
  assert.deepEqual(other.candidates(state, 0, 50), [node(9)])
})

test('host names are compared in small letters; what is no address is none', () => {
  assert.equal(addressKey({ host: 'Redis-0.Example', port: 6379 }), 'redis-0.example:6379')
  assert.deepEqual(addressOf('redis-0', '6379'), { host: 'redis-0', port: 6379 })
  for (const port of ['', '0', '65536', '123456', '-1', '6379x', undefined])
    assert.equal(addressOf('redis-0', port), null, port)
  assert.equal(addressOf('', '6379'), null)
})
