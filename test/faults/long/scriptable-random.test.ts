import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { carriageOf } from '../../../src/gateway/scriptable.ts'
import { scriptableCommands } from '../../../src/gateway/scriptable-commands.ts'
import { decodeReply, type Reply } from '../../../src/resp/decode.ts'
import { encodeCommand } from '../../../src/resp/encode.ts'
import { requestLimits } from '../../../src/resp/limits.ts'
import { RequestFramer } from '../../../src/resp/request-framer.ts'
import { startBareRedis } from '../../harness/bare-redis.ts'
import { difference, runByScript, runDirect } from '../../integration/scriptable/trial.ts'
import { state } from '../../integration/scriptable/state.ts'
import { Wire } from '../../integration/scriptable/wire.ts'

/** Random or about the time; or (DUMP) they show the times that streams hold. */
const loose =
  'RANDOMKEY SRANDMEMBER HRANDFIELD ZRANDMEMBER SPOP TIME LASTSAVE SCAN OBJECT DUMP COPY PSETEX'.split(' ')
const keys = [...new Set(state.map((line) => line.split(' ')[1] ?? '')), 'nokey', 'dest']
const values = [
  ...'a b c f n x 0 1 2 3 -1 99 5 1.5 (1 -inf inf nan + - [a (c > $ km m group fresh reader nope Palermo Catania'.split(
    ' ',
  ),
  ...'9007199254740993 9223372036854775807 -9223372036854775808 4102444800 4102444800123 1-1 1-2 5-5 0-0'.split(
    ' ',
  ),
  '*',
  '',
  '\0\r\n\xff',
]
/** Their second argument is no key. */
const keyLater =
  'BITOP LMPOP ZMPOP ZUNION ZINTER ZDIFF ZINTERCARD SINTERCARD XGROUP XREAD XREADGROUP PUBLISH SPUBLISH PING ECHO'.split(
    ' ',
  )

/** The words of a command's options, as the server describes them (COMMAND DOCS). */
function tokensIn(docs: Reply): readonly string[] {
  if (!Array.isArray(docs)) return []
  return (docs as readonly Reply[]).flatMap((item, index, all) =>
    item === 'token' ? (all[index + 1] as string).split(' ') : tokensIn(item),
  )
}

interface Random {
  readonly protocol: 2 | 3
  readonly call: readonly string[]
}

function calls(name: string, arity: number, tokens: readonly string[]): fc.Arbitrary<Random> {
  const key = fc.constantFrom(...keys)
  const token = tokens.length > 0 ? fc.constantFrom(...tokens) : key
  const any = fc.oneof(token, key, fc.constantFrom(...values))
  const second = keyLater.includes(name)
    ? any
    : fc.oneof({ weight: 6, arbitrary: key }, { weight: 1, arbitrary: any })
  const least = Math.abs(arity) - 1
  const rest = fc.array(any, {
    minLength: Math.max(0, least - 1),
    maxLength: arity < 0 ? least + 4 : Math.max(0, least - 1),
  })
  const args =
    least === 0 && arity > 0 ? fc.constant([]) : fc.tuple(second, rest).map(([one, more]) => [one, ...more])
  return fc.record({ protocol: fc.constantFrom<2 | 3>(2, 3), call: args.map((more) => [name, ...more]) })
}

test('random calls of what goes in batches are exact by script', async () => {
  await using server = await startBareRedis({ host: '127.61.0.3' })
  using observer = await Wire.open(server.host, server.port)
  using second = await Wire.open(server.host, server.port)
  using third = await Wire.open(server.host, server.port)
  await third.one('HELLO', '3')
  const ask = async (...args: readonly string[]): Promise<Reply> =>
    decodeReply(Buffer.from(await observer.one(...args), 'latin1'))

  const arities = new Map(
    ((await ask('COMMAND')) as readonly [string, number][]).map(([name, arity]) => [
      name.toUpperCase(),
      arity,
    ]),
  )
  const names = [...scriptableCommands.keys()].filter((name) => !loose.includes(name) && arities.has(name))
  const each: fc.Arbitrary<Random>[] = []
  for (const name of names)
    each.push(calls(name, arities.get(name) ?? -1, tokensIn(await ask('COMMAND', 'DOCS', name))))
  let succeeded = 0
  await fc.assert(
    fc.asyncProperty(fc.oneof(...each), async ({ protocol, call }) => {
      const framer = new RequestFramer(requestLimits)
      framer.push(encodeCommand(call, 'latin1'))
      const request = framer.next()
      const how = request === null ? null : carriageOf(request, protocol)
      // an ID made of the time; a wait
      fc.pre(how !== null && !(call[0] === 'XADD' && call.some((arg) => arg.includes('*'))))
      const sample = { before: [], call, loose: false, title: call.join(' ') }
      const wire = protocol === 2 ? second : third
      const direct = await runDirect(sample, wire, observer)
      // commands of a wrong number of arguments are no business of batches; XGROUP's subcommands have their own
      fc.pre(!direct.reply.startsWith('-ERR wrong number of arguments'))
      if (!direct.reply.startsWith('-')) succeeded++
      assert.equal(difference(sample, how, direct, await runByScript(sample, wire, observer)), null)
    }),
    { numRuns: 3000, maxSkipsPerRun: 100 },
  )
  assert.ok(succeeded > 500, String(succeeded))
})
