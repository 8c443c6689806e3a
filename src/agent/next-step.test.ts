import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addresses,
  e1,
  e2,
  emptied,
  inWords,
  peer,
  record,
  reigning,
  step,
  type Case,
} from '../../test/harness/situations.ts'
import type { AgentState } from './api.ts'
import { blankState } from './durable-state.ts'

/** The primary is back as a replica, empty. */
const back: Case = { peers: [emptied(0), peer(2)], withoutPrimaryMs: 3999 }

const primary: Case = {
  me: 0,
  durable: { reign: { epoch: e1, runId: 'own', processId: 1 } },
  redis: { role: 'master', follows: null, record: record({ run: 'own' }) },
}
const alone: Case = { ...primary, peers: [peer(1), peer(2)], aloneMs: 2001 }
const promoted: Case = { redis: { role: 'master', follows: null } }
const blank: Case = {
  durable: { ...blankState, virgin: false },
  redis: { record: null },
}
const virgin = { state: { intact: false, virgin: true, restarted: true }, redis: { record: null } }
const unknown: Case = { durable: blankState, redis: { record: null } }
const restarted = (node: number, commits: number): AgentState =>
  peer(node, { state: { restarted: true }, redis: { record: record({ commits }) } })
const afterCut = { durable: { syncedRun: 'former' } }

const table: Readonly<Record<string, readonly (readonly [what: string, now: Case, expected: RegExp])[]>> = {
  'a server that is not ready': [
    [
      'does nothing while it does not answer',
      { redis: { up: false } },
      /^rest: waits for redis-server to ans/,
    ],
    ['does nothing while it loads', { redis: { loading: true } }, /^rest: waits for redis-server to load/],
  ],
  'a primary': [
    ['serves', { ...primary, peers: [peer(1), peer(2)] }, /^rest: serves as the primary of epoch 1\.0$/],
    ['serves on while others merely promised more', { ...primary, outbidMs: 1000 }, /^rest: serves/],
    ['renews its reign after a second of that', { ...primary, outbidMs: 1001 }, /^gate renew$/],
    ['that wakes up follows the higher reign it sees', { ...primary, peers: [reigning(1, 2)] }, /^follow 1$/],
    ['follows it rather than renew', { ...primary, peers: [reigning(1, 2)], outbidMs: 9000 }, /^follow 1$/],
    ['does not follow a lower reign', { ...primary, peers: [reigning(1, 0)] }, /^rest: serves/],
    ['serves on when its replicas are away for a moment', { ...alone, aloneMs: 2000 }, /^rest: serves/],
    ['that can answer nothing is replaced by those who can', alone, /^elect 0$/],
    ['but not when they are down with it', { ...alone, peers: [] }, /^rest: serves/],
    ['nor when they hang', { ...alone, peers: [peer(1, { redis: { up: false } })] }, /^rest: serves/],
    [
      'nor while they are filled',
      { ...alone, peers: [peer(1, { redis: { syncing: true } })] },
      /^rest: serves/,
    ],
    [
      'nor by those who lack its record: they would only send for it',
      { ...alone, peers: [peer(1, { redis: { record: record({ version: 3 }) } })] },
      /^rest: serves/,
    ],
    [
      'whose process is another asks for the right anew',
      { ...primary, redis: { ...primary.redis, runId: 'another' } },
      /^gate promoted$/,
    ],
    [
      'whose record is of another epoch asks for the right anew',
      { ...primary, redis: { ...primary.redis, record: record({ epoch: e2 }) } },
      /^gate promoted$/,
    ],
  ],
  'a promoted node': [
    ['asks for the right to serve', promoted, /^gate promoted$/],
    [
      'asks although the old primary’s agent still reports the reign that its own record is of',
      { ...promoted, peers: [reigning(0, 1), peer(2)] },
      /^gate promoted$/,
    ],
    ['follows whose reign is above its record', { ...promoted, peers: [reigning(2, 2)] }, /^follow 2$/],
    [
      'without a record follows any reign',
      { redis: { ...promoted.redis, record: null }, peers: [reigning(2, 2)] },
      /^follow 2$/,
    ],
  ],
  'a replica that sees a primary': [
    ['follows it', { peers: [reigning(0, 1, { version: 4 })] }, /^follow 0$/],
    [
      'stays with it',
      { redis: { follows: addresses[0] ?? '', linkUp: true }, peers: [reigning(0, 1, { version: 4 })] },
      /^rest: replicates redis-0$/,
    ],
    [
      'connects to it',
      { redis: { follows: addresses[0] ?? '' }, peers: [reigning(0, 1, { version: 4 })] },
      /^rest: connects to redis-0$/,
    ],
    ['follows the higher of two', { peers: [reigning(0, 1), reigning(2, 3)] }, /^follow 2$/],
    [
      'leaves a lower one that it is still linked to',
      { redis: { follows: addresses[0] ?? '', linkUp: true }, peers: [reigning(0, 1), reigning(2, 3)] },
      /^follow 2$/,
    ],
    [
      'stays unattached when its own record is newer',
      { redis: { record: record({ epoch: { number: 3, node: 2 } }) }, peers: [reigning(0, 1)] },
      /^rest: stays unattached ! its record is newer than that of redis-0/,
    ],
    [
      'follows nobody below its promise',
      { durable: { promise: e2 }, peers: [reigning(0, 1, { version: 5 })] },
      /^rest: promised epoch 2\.1; redis-0 serves 1\.0$/,
    ],
    [
      'does not take a node for a primary that cannot show its record',
      { peers: [peer(0, { state: { reign: e1 }, redis: { role: 'master', record: null } })] },
      /^rest: gives the sentinels time/,
    ],
  ],
  'an emptied volume': [
    [
      'recalls the highest promise of f + 1 others before it follows',
      { ...blank, peers: [reigning(0, 1), peer(2, { state: { promise: e2 } })] },
      /^recall 2\.1$/,
    ],
    [
      'waits for that many',
      { ...blank, peers: [reigning(0, 1)] },
      /^rest: waits ! its volume was emptied.* 1 answer$/,
    ],
    [
      'is content when all others answer, whatever they have',
      { ...blank, peers: [reigning(0, 1), peer(2, { state: { intact: false, promise: e2 } })] },
      /^recall 2/,
    ],
    [
      'does not pass for new while a node is silent that may know of a later epoch',
      { ...unknown, me: 2, peers: [reigning(0, 1)] },
      /^rest: waits ! its volume was emptied/,
    ],
    [
      'follows once it knows',
      { ...blank, durable: { ...blank.durable, promiseKnown: true }, peers: [reigning(0, 1), peer(2)] },
      /^follow 0$/,
    ],
  ],
  'a new deployment': [
    ['is begun by redis-0', { ...unknown, me: 0, peers: [peer(1, virgin), peer(2, virgin)] }, /^bootstrap$/],
    [
      'is left to redis-0 by the others',
      { ...unknown, peers: [peer(0, virgin), peer(2, virgin)] },
      /^rest: waits for redis-0 to begin$/,
    ],
    [
      'is not begun before every node answers',
      { ...unknown, me: 0, peers: [peer(1, virgin)], withoutPrimaryMs: 60_000 },
      /^rest: waits for every node/,
    ],
    [
      'is begun again when its first primary answered nothing yet',
      {
        me: 0,
        durable: { syncedRun: 'former', founding: true },
        redis: { record: record({ version: 0, commits: 0 }) },
        peers: [peer(1, virgin), peer(2, virgin)],
      },
      /^bootstrap$/,
    ],
    [
      'is begun again with its data when only its first primary has any',
      {
        me: 0,
        durable: { syncedRun: 'former', founding: true },
        redis: { record: record({ version: 0, commits: 1 }) },
        peers: [peer(1, virgin), peer(2, virgin)],
      },
      /^bootstrap$/,
    ],
    [
      'is begun again also by a first primary that Sentinel promoted meanwhile',
      {
        me: 0,
        durable: { syncedRun: 'former', founding: true },
        redis: { role: 'master', record: record({ version: 0, commits: 1 }) },
        peers: [peer(1, virgin), peer(2, virgin)],
      },
      /^bootstrap$/,
    ],
    [
      'is not begun by an emptied redis-0 among nodes that have something',
      { ...unknown, me: 0, peers: [peer(1), peer(2, virgin)], withoutPrimaryMs: 60_000 },
      /^rest: waits for 1 more node/,
    ],
  ],
  'nodes after a power cut': [
    [
      'leave it to who has the highest commit count',
      { ...afterCut, peers: [restarted(0, 49), restarted(2, 51)], withoutPrimaryMs: 400 },
      /^rest: leaves it to redis-2/,
    ],
    [
      'decide when it is they',
      { ...afterCut, peers: [restarted(0, 49), restarted(2, 48)], withoutPrimaryMs: 400 },
      /^gate decide$/,
    ],
    [
      'wait longer when not all are there',
      { ...afterCut, peers: [restarted(2, 48)], withoutPrimaryMs: 2999 },
      /^rest: gives the sentinels time/,
    ],
    ['but not for ever', { ...afterCut, peers: [restarted(2, 48)], withoutPrimaryMs: 3000 }, /^gate decide$/],
    [
      'wait for f + 1 nodes with their data',
      {
        ...afterCut,
        peers: [peer(2, { state: { intact: false, restarted: true } })],
        withoutPrimaryMs: 60_000,
      },
      /^rest: waits for 1 more node\(s\) with their data, of /,
    ],
    [
      'do not count who is still loading',
      { ...afterCut, peers: [peer(2, { redis: { loading: true } })], withoutPrimaryMs: 60_000 },
      /^rest: waits for 1 more node/,
    ],
    [
      'wait for a node that has everything',
      {
        ...afterCut,
        redis: { record: record({ members: [2] }) },
        peers: [peer(2, { state: { restarted: true }, redis: { record: record({ version: 3 }) } })],
        withoutPrimaryMs: 60_000,
      },
      /^rest: waits for a node that has everything/,
    ],
  ],
  'survivors of a primary': [
    [
      'decide when a member that did not restart lacks the newest record: nothing was answered under it',
      {
        ...afterCut,
        redis: { record: record({ members: [2] }) },
        peers: [peer(2, { redis: { record: record({ version: 3 }) } })],
        withoutPrimaryMs: 60_000,
      },
      /^gate decide$/,
    ],
    [
      'wait longer than restarted nodes: the sentinels act first',
      { peers: [peer(2)], withoutPrimaryMs: 3999 },
      /^rest: gives the sentinels time/,
    ],
    ['decide by themselves after that', { peers: [peer(2)], withoutPrimaryMs: 4000 }, /^gate decide$/],
    [
      'have the sentinels replace a primary that is back as a replica',
      { ...back, withoutPrimaryMs: 300 },
      /^elect 0$/,
    ],
    [
      'also when it has its data, and the most of all',
      { peers: [restarted(0, 51), peer(2)], withoutPrimaryMs: 300 },
      /^elect 0$/,
    ],
    ['but not at once: whoever saw it die asks too', { ...back, withoutPrimaryMs: 299 }, /^rest: gives/],
    ['the one with the most asks', { ...back, redis: { record: record({ commits: 49 }) } }, /^rest: gives/],
    [
      'nobody asks when somebody is promoted',
      { peers: [emptied(0), peer(2, { redis: { role: 'master' } })], withoutPrimaryMs: 3999 },
      /^rest: gives/,
    ],
    [
      'nor while a redis-server is down: the sentinels see that by themselves',
      {
        peers: [peer(0, { state: { restarted: true }, redis: { up: false } }), peer(2)],
        withoutPrimaryMs: 3999,
      },
      /^rest: gives/,
    ],
    [
      'decide when the sentinels do nothing all the same',
      { ...back, withoutPrimaryMs: 4000 },
      /^gate decide$/,
    ],
    [
      'leave it to the one with the highest commit count',
      { peers: [peer(2, { redis: { record: record({ commits: 51 }) } })], withoutPrimaryMs: 4000 },
      /^rest: leaves it to redis-2/,
    ],
    [
      'keep replicating when only the primary’s agent is silent',
      { redis: { follows: addresses[0] ?? '', linkUp: true }, peers: [peer(2)], withoutPrimaryMs: 60_000 },
      /^rest: replicates; the primary’s agent is silent$/,
    ],
  ],
}

for (const [who, cases] of Object.entries(table)) {
  describe(who, () => {
    for (const [what, now, expected] of cases) {
      test(what, () => {
        assert.match(inWords(step(now)), expected)
      })
    }
  })
}

test('whom it follows is told with the reign and the record that it saw', () => {
  const seen = reigning(2, 3)
  assert.deepEqual(step({ peers: [seen] }), {
    kind: 'follow',
    node: 2,
    epoch: seen.reign,
    record: seen.redis.record,
  })
})
