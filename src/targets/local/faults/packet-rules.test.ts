import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  controlAddress,
  iptablesChains,
  relayGroup,
  renderIptables,
  renderNftables,
  renderNftablesRemoval,
  type PacketRules,
} from './packet-rules.ts'

const rules = (more: Partial<PacketRules>): PacketRules => ({
  table: 'holdfast_a',
  cuts: [],
  detours: [],
  spared: { sentinels: [], replication: [] },
  ports: { redis: 6379, sentinel: 26379 },
  ...more,
})
const one = '127.0.1.1'
const other = '127.0.1.2'
const replica = { from: other, fromPort: 40_001, to: one, toPort: 6379 }
const lines = (more: Partial<PacketRules>) =>
  renderNftables(rules(more))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('ip '))

test('the table replaces what it was before in one step, and can be removed where there is none', () => {
  assert.match(
    renderNftables(rules({})),
    /^table ip holdfast_a \{\}\ndelete table ip holdfast_a\ntable ip holdfast_a \{/,
  )
  assert.equal(renderNftablesRemoval('holdfast_a'), 'table ip holdfast_a {}\ndelete table ip holdfast_a\n')
})

test('a cut drops everything between two addresses, both ways, and answers nothing', () => {
  assert.deepEqual(lines({ cuts: [{ one, other }] }), [
    `ip saddr ${one} ip daddr ${other} drop`,
    `ip saddr ${other} ip daddr ${one} drop`,
  ])
})

test('without the sentinels: what replicas opened passes, every other connection to a redis-server does not', () => {
  const spared = { sentinels: [replica], replication: [] }
  const [there, back, ...dropped] = lines({ cuts: [{ one, other, only: 'sentinels' }], spared })
  assert.equal(there, `ip saddr ${other} ip daddr ${one} tcp sport 40001 tcp dport 6379 accept`)
  assert.equal(back, `ip saddr ${one} ip daddr ${other} tcp sport 6379 tcp dport 40001 accept`)
  assert.equal(dropped.length, 8)
  assert.ok(dropped.every((line) => / tcp [sd]port (?:6379|26379) drop$/.test(line)))
})

test('without replication: sentinels go on talking', () => {
  const dropped = lines({ cuts: [{ one, other, only: 'replication' }] })
  assert.equal(dropped.length, 4)
  assert.ok(dropped.every((line) => / tcp [sd]port 6379 drop$/.test(line)))
})

test('what one cut spares, a wider one or one of the other kind does not let through', () => {
  const spared = { sentinels: [replica], replication: [{ ...replica, fromPort: 40_002 }] }
  const narrow = { one, other, only: 'sentinels' as const }
  const [first] = lines({ cuts: [narrow, { one: other, other: one }], spared })
  assert.match(first ?? '', /daddr \S+ drop$/)
  const both = lines({ cuts: [narrow, { one, other, only: 'replication' }], spared })
  assert.ok(both.every((line) => line.endsWith('drop')))
})

test('a detour takes what others send to the node, but neither the node, the relay nor the drill itself', () => {
  const [line] = lines({ detours: [{ address: one, ports: [{ port: 6379, relayPort: 40_100 }] }] })
  assert.equal(
    line,
    `ip daddr ${one} ip saddr != { ${one}, ${controlAddress} } tcp dport 6379 meta skgid != ${relayGroup} dnat to ${one}:40100`,
  )
})

test('the same for iptables, in chains of its own', () => {
  const cuts = [{ one, other, only: 'sentinels' as const }]
  const spared = { sentinels: [replica], replication: [] }
  const text = renderIptables(rules({ table: 'holdfast_counter_0123abcd', cuts, spared }))
  const chain = 'holdfast_0123abcd_cut'
  assert.equal(iptablesChains('holdfast_counter_0123abcd').filter, chain)
  assert.ok(text.startsWith(`*filter\n:${chain} - [0:0]\n`))
  assert.ok(text.includes(`-A ${chain} -s ${other} -d ${one} -p tcp --sport 40001 --dport 6379 -j ACCEPT\n`))
  assert.equal(text.match(/ -j DROP$/gm)?.length, 8)
  assert.doesNotMatch(text, /\*nat/)
  assert.ok(chain.length <= 28)
})
