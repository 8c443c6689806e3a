import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { findProgram, readOutput } from '../../src/platform/run-program.ts'
import { iptablesFilter, nftables, type PacketFilter } from '../../src/targets/local/faults/packet-filter.ts'
import type { PacketRules } from '../../src/targets/local/faults/packet-rules.ts'
import { eventually } from '../harness/eventually.ts'
import { noPacketFilter } from '../harness/packet-filter.ts'

const server = '127.30.75.1'
const [one, other] = ['127.30.75.2', '127.30.75.3']
const program = (name: string) => findProgram([name], process.env)

const filters: Readonly<Record<string, () => PacketFilter | null>> = {
  nftables: () => nftables(program('nft') ?? 'nft'),
  iptables: () => {
    const [iptables, restore] = [program('iptables'), program('iptables-restore')]
    return iptables === null || restore === null ? null : iptablesFilter(iptables, restore)
  },
}

for (const [name, find] of Object.entries(filters)) {
  test(
    `${name}: what is cut hears nothing and stays connected; others go on; then it gets everything`,
    {
      skip: skip(find),
    },
    async (t) => {
      const { filter, table, port, connect } = await scene(t, find())
      const [cut, spared] = await Promise.all([connect(one), connect(other)])
      await filter.apply(
        rules({ table, cuts: [{ one, other: server }], ports: { redis: port, sentinel: 1 } }),
      )
      cut.socket.write('first')
      for (let count = 1; count <= 50; count += 1) {
        spared.socket.write('x')
        await eventually('an echo', 5000, () =>
          spared.heard() === 'x'.repeat(count) ? true : spared.heard(),
        )
      }
      assert.equal(cut.heard(), '')
      assert.equal(cut.socket.destroyed, false)
      await filter.remove(table)
      await eventually('the echo', 10_000, () => (cut.heard() === 'first' ? true : cut.heard()))
      await filter.remove(table)
      assert.doesNotMatch(await listed(name), /filter_75/)
    },
  )

  test(
    `${name}: a connection that is spared goes on where a new one does not come through`,
    {
      skip: skip(find),
    },
    async (t) => {
      const { filter, table, port, connect } = await scene(t, find())
      const spared = await connect(one)
      const cut = await connect(one)
      const { localPort: fromPort = 0 } = spared.socket
      await filter.apply(
        rules({
          table,
          cuts: [{ one, other: server, only: 'sentinels' }],
          spared: { sentinels: [{ from: one, fromPort, to: server, toPort: port }], replication: [] },
          ports: { redis: port, sentinel: 1 },
        }),
      )
      cut.socket.write('silence')
      spared.socket.write('word')
      await eventually('the echo', 5000, () => (spared.heard() === 'word' ? true : spared.heard()))
      assert.equal(cut.heard(), '')
    },
  )

  test(
    `${name}: connections are led round, those of the node itself are not`,
    {
      skip: skip(find),
    },
    async (t) => {
      const { filter, table, port, connect } = await scene(t, find())
      const relay = await listen(t, () => 'relay')
      const detours = [{ address: server, ports: [{ port, relayPort: relay }] }]
      await filter.apply(rules({ table, detours, ports: { redis: port, sentinel: 1 } }))
      const [led, own] = await Promise.all([connect(one), connect(server)])
      for (const each of [led, own]) each.socket.write('who')
      await eventually('both answers', 5000, () =>
        led.heard() === 'relay' && own.heard() === 'who' ? true : `${led.heard()} ${own.heard()}`,
      )
    },
  )
}

function skip(find: () => PacketFilter | null): string | false {
  if (find() !== null) return noPacketFilter()
  if (process.env.CI) throw new Error('nftables and iptables are needed')
  return 'it is not installed'
}

async function scene(t: TestContext, filter: PacketFilter | null) {
  assert.ok(filter)
  const table = 'holdfast_filter_75'
  t.after(() => filter.remove(table))
  const port = await listen(t, (said) => said)
  const connect = async (from: string) => {
    const socket = createConnection({ host: server, port, localAddress: from, noDelay: true })
    let heard = ''
    socket.on('data', (chunk) => (heard += chunk.toString()))
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return { socket, heard: () => heard }
  }
  return { filter, table, port, connect }
}

/** @returns the port on which everything that is said gets this answer */
async function listen(t: TestContext, answer: (said: string) => string): Promise<number> {
  const sockets: Socket[] = []
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => socket.write(answer(chunk.toString())))
  })
  listener.listen(0, server)
  await once(listener, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  return (listener.address() as AddressInfo).port
}

function rules(some: Partial<PacketRules> & Pick<PacketRules, 'table' | 'ports'>): PacketRules {
  return { cuts: [], detours: [], spared: { sentinels: [], replication: [] }, ...some }
}

async function listed(name: string): Promise<string> {
  return name === 'nftables'
    ? await readOutput(program('nft') ?? 'nft', ['list', 'tables'])
    : await readOutput(program('iptables') ?? 'iptables', ['-S'])
}
