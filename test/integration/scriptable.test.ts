import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { carriageOf, type Carriage } from '../../src/gateway/scriptable.ts'
import { scriptableCommands } from '../../src/gateway/scriptable-commands.ts'
import { decodeReply } from '../../src/resp/decode.ts'
import { encodeCommand } from '../../src/resp/encode.ts'
import { requestLimits } from '../../src/resp/limits.ts'
import { RequestFramer } from '../../src/resp/request-framer.ts'
import { startBareRedis, type BareRedis } from '../harness/bare-redis.ts'
import { assertGolden } from '../harness/golden.ts'
import { commandsPage } from './scriptable/commands-page.ts'
import { excluded } from './scriptable/excluded.ts'
import { samples, type Sample } from './scriptable/samples.ts'
import { difference, runByScript, runDirect } from './scriptable/trial.ts'
import { Wire } from './scriptable/wire.ts'

const protocols = [2, 3] as const
const excludedNames = new Set(excluded.flatMap(({ names }) => names.split(' ')))

function carriage(sample: Sample, protocol: 2 | 3): Carriage | null {
  const framer = new RequestFramer(requestLimits)
  framer.push(encodeCommand(sample.call, 'latin1'))
  const request = framer.next()
  assert.ok(request !== null)
  return carriageOf(request, protocol)
}

describe('commands by script and directly', () => {
  let server: BareRedis
  before(async () => {
    server = await startBareRedis({ host: '127.61.0.1', extraArgs: ['--databases', '16'] })
  })
  after(() => server.stop())

  async function open(protocol: 2 | 3): Promise<Wire> {
    const wire = await Wire.open(server.host, server.port)
    assert.match(await wire.one('HELLO', String(protocol)), /^[*%]/)
    return wire
  }

  for (const protocol of protocols)
    test(`what goes in batches is exact in RESP${String(protocol)}`, async () => {
      using wire = await open(protocol)
      using observer = await open(2)
      const wrong: string[] = []
      for (const sample of samples) {
        const how = carriage(sample, protocol)
        if (how === null) continue
        const direct = await runDirect(sample, wire, observer)
        const found = difference(sample, how, direct, await runByScript(sample, wire, observer))
        if (found !== null) wrong.push(`${sample.title} (${how}): ${found}`)
      }
      assert.deepEqual(wrong, [])
    })

  test('the comparison sees what scripts change', async () => {
    const cases: readonly [2 | 3, string][] = [
      [2, 'PEXPIRETIME far'],
      [2, 'BITFIELD_RO max GET i64 0'],
      [2, 'GEOPOS geo Palermo nope'],
      [2, 'XREADGROUP GROUP group reader STREAMS stream 0'],
      [3, 'HGETALL hash'],
      [3, 'SMEMBERS set'],
      [3, 'ZSCORE zset a'],
      [3, 'ZADD zset INCR 2 a'],
      [3, 'LCS text text IDX'],
    ]
    using observer = await open(2)
    for (const [protocol, title] of cases) {
      using wire = await open(protocol)
      const sample = samples.find((one) => one.title === title)
      assert.ok(sample !== undefined, title)
      assert.equal(carriage(sample, protocol), null, title)
      const direct = await runDirect(sample, wire, observer)
      const script = await runByScript(sample, wire, observer)
      assert.notEqual(difference(sample, 'same', direct, script), null, title)
    }
  })

  test('every command of the server goes in batches, or is left out for a reason', async () => {
    using wire = await open(2)
    const reply = decodeReply(Buffer.from(await wire.one('COMMAND'), 'latin1'))
    const commands = reply as readonly [name: string, arity: number, flags: string[]][]
    const names = commands.map(([name]) => name.toUpperCase())
    assert.ok(names.length > 200)
    const undecided = names.filter((name) => !scriptableCommands.has(name) && !excludedNames.has(name))
    assert.deepEqual(undecided, [])
    assert.deepEqual(
      [...scriptableCommands.keys()].filter((name) => excludedNames.has(name)),
      [],
    )
    for (const [name, , flags] of commands)
      if (scriptableCommands.has(name.toUpperCase()))
        for (const flag of ['noscript', 'admin']) assert.ok(!flags.includes(flag), name)
  })

  test('everything that goes in batches was tried', () => {
    const tried = new Set(
      samples
        .filter((sample) => protocols.some((protocol) => carriage(sample, protocol) !== null))
        .map(({ call }) => call[0]),
    )
    assert.deepEqual(
      [...scriptableCommands.keys()].filter((name) => !tried.has(name)),
      [],
    )
  })

  test('the most arguments that go in batches fit into a script, and one more does not go', async () => {
    using wire = await open(2)
    using observer = await open(2)
    const sample = (argc: number): Sample => {
      const call = ['DEL', ...Array.from({ length: argc - 1 }, (_, index) => `key-${String(index)}`)]
      return { before: [], call, loose: false, title: `DEL of ${String(argc - 1)}` }
    }
    assert.equal(carriage(sample(7001), 2), null)
    const direct = await runDirect(sample(7000), wire, observer)
    const script = await runByScript(sample(7000), wire, observer)
    assert.equal(difference(sample(7000), 'same', direct, script), null)
  })

  test('a published message arrives the same', async () => {
    using subscriber = await open(2)
    using wire = await open(2)
    await subscriber.one('SUBSCRIBE', 'channel')
    const publish = ['PUBLISH', 'channel', '\x00\r\n\xff']
    const replies = await wire.call([publish, ['EVAL', 'return redis.pcall(unpack(ARGV))', '0', ...publish]])
    assert.deepEqual(replies, [':1\r\n', ':1\r\n'])
    const [direct, script] = await subscriber.take(2)
    assert.match(direct ?? '', /message/)
    assert.equal(script, direct)
  })

  test('docs/commands.md is current (HOLDFAST_UPDATE_GOLDEN=1 writes it)', () => {
    assertGolden('../../docs/commands.md', commandsPage())
  })
})
