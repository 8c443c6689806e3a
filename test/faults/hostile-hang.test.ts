import assert from 'node:assert/strict'
import { eventually } from '../harness/eventually.ts'
import { command, repeat } from '../harness/hostile-client.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'

// Clients that send on while the primary hangs: they are not read from past the limits, and everything is answered in the end.

const mebibyte = 2 ** 20
const limits = { parkedBytes: 2 * mebibyte, allParkedBytes: 8 * mebibyte }
/** What a connection takes beside that: the kernel's buffers on both sides, and what is read at once. */
const inKernel = 16 * mebibyte

/** Stops the primary, and the sentinels so that none replaces it. */
async function whileHung(scene: HostileScene, act: () => Promise<void>): Promise<void> {
  const nodes = scene.group.topology.nodes.map((node) => node.index)
  for (const node of nodes) scene.group.signalSentinel(node, 'SIGSTOP')
  scene.group.signalRedis(0, 'SIGSTOP')
  try {
    await act()
  } finally {
    scene.group.signalRedis(0, 'SIGCONT')
    for (const node of nodes) scene.group.signalSentinel(node, 'SIGCONT')
  }
}

async function flood(scene: HostileScene, clients: number, piece: string, replies: RegExp): Promise<void> {
  const offenders = await Promise.all(Array.from({ length: clients }, () => scene.open()))
  const bytes = Buffer.from(piece, 'latin1')
  let sent: readonly number[] = []
  await whileHung(scene, async () => {
    const untilMs = performance.now() + 2000
    sent = await Promise.all(
      offenders.map((client) => client.flood(repeat(bytes, 4000), () => performance.now() > untilMs)),
    )
  })
  for (const each of sent) assert.ok(each < limits.parkedBytes + inKernel, String(each))
  for (const client of offenders) {
    client.send(command('ECHO', 'the end'))
    await client.until('the end', () => client.tail.endsWith('the end\r\n'), 20_000)
    assert.match(client.tail, replies)
  }
}

/** Neither does it send to a primary that hangs, nor is it heard of by others when it goes. */
async function leaves(scene: HostileScene): Promise<void> {
  const offenders = await Promise.all(Array.from({ length: 50 }, () => scene.open()))
  await whileHung(scene, async () => {
    for (const client of offenders) client.send(command('SET', 'left', 'x'.repeat(10_000)).repeat(50))
    await eventually('it waits', 5000, async () => {
      const status = await scene.gateway.status()
      return status.parked + status.inFlight > 100 || JSON.stringify(status)
    })
    for (const [index, client] of offenders.entries()) {
      if (index % 2 === 0) client.reset()
      else client.socket.end()
    }
  })
}

/** Nothing is read behind it while it waits; it is gone once it is answered. */
async function pastTheLimit(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  for (let round = 0; round < 3; round += 1) {
    client.send(command('SET', 'past', 'x'.repeat(limits.parkedBytes + 1000)))
    await client.says(/^\+OK\r\n$/)
    client.forget()
    client.send(command('STRLEN', 'past'))
    await client.says(new RegExp(`^:${String(limits.parkedBytes + 1000)}\r\n$`))
    client.forget()
  }
}

const large = command('SET', 'hung', 'x'.repeat(100_000))
const small = command('INCR', 'hung:count').repeat(1000)
const reads = command('GET', 'nothing').repeat(1000)

const inputs: readonly HostileInput[] = [
  {
    name: '10 clients with large writes',
    attack: (scene) => flood(scene, 10, large, /^(?:.*\r\n)?(?:\+OK\r\n)+\$7\r\nthe end\r\n$/s),
  },
  {
    name: '2 clients with small writes',
    attack: (scene) => flood(scene, 2, small, /(?::\d+\r\n)+\$7\r\nthe end\r\n$/),
    growthMib: 256,
  },
  {
    name: '2 clients with reads',
    attack: (scene) => flood(scene, 2, reads, /(?:\$-1\r\n)+\$7\r\nthe end\r\n$/),
    growthMib: 256,
  },
  { name: '50 clients that leave', attack: leaves },
  { name: 'commands larger than what may wait', attack: pastTheLimit },
]

testHostileInputs(inputs, { limits, holdMs: 10_000 })
