import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, internalSecret, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ block: 66 })
const lines: string[] = []
const log = {
  info: (details: object, message: string) => lines.push(JSON.stringify({ message, ...details })),
  warn: (details: object, message: string) => lines.push(JSON.stringify({ message, ...details })),
}
let gateway: Gateway

/** Each stands in one place only of what clients send. */
const unspeakable = ['a-k3y', 'a-v4lue', 'wr0ng', 'cl1ent', 'ch4nnel', 'b0dy', 'g4rbage', 'us3r', 'f1eld']

before(async () => {
  await group.start()
  gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log,
  })
  await eventually('a primary', 10_000, () => gateway.status().reachable || 'none')
})

after(async () => {
  await gateway.stop(0)
  await group.stop()
})

const open = (): Promise<RawClient> => {
  const { host, port } = group.topology.gateway
  return RawClient.open(host, port, clientPassword)
}

const say = async (text: string): Promise<RawClient> => {
  const client = await open()
  client.send(text)
  await eventually('answers', 5000, () => client.received.length > 5 || client.closed || client.received)
  return client
}

test('a failover is one line with its times, and no line of the log holds what clients send', async () => {
  const clients = [
    await say('SET a-k3y a-v4lue\r\nHSET hash f1eld a-v4lue\r\nGET a-k3y\r\n'),
    await say('AUTH wr0ng\r\nAUTH us3r wr0ng\r\nHELLO 3 AUTH us3r wr0ng SETNAME cl1ent\r\n'),
    await say('EVAL "return \'b0dy\'" 0\r\nCLIENT SETNAME cl1ent\r\nSUBSCRIBE ch4nnel\r\n'),
    await say('*1\r\n$-5\r\ng4rbage\r\n'),
    await say('*g4rbage\r\n'),
    await say(
      'CONFIG SET requirepass-g4rbage wr0ng\r\nACL SETUSER us3r >wr0ng\r\nMIGRATE h 1 a-k3y 0 1 AUTH wr0ng\r\n',
    ),
    await say('MULTI\r\nSET a-k3y a-v4lue\r\nEXEC\r\nWATCH a-k3y\r\nMULTI\r\nINCR a-k3y\r\n'),
  ]
  const waiting = await say('INCR counted\r\nBLPOP a-k3y-list 0\r\n')
  group.signalRedis(0, 'SIGKILL')
  for (const client of clients) client.send('SET a-k3y a-v4lue\r\n')
  await group.failover(1, 2, [0])
  await eventually(
    'the other primary',
    15_000,
    () => gateway.status().primary === 'redis-1' || lines.join('\n'),
  )
  const client = await say('INCR counted\r\nINCR counted\r\nINCR counted\r\n')
  for (const one of [...clients, waiting, client]) one.destroy()
  await eventually('nobody is there', 5000, () => gateway.status().sessions === 0 || 'somebody is')

  const failovers = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ message }) => message === 'failover')
  assert.equal(failovers.length, 1, lines.join('\n'))
  const { pausedMs, takenMs, resumedMs } = failovers[0] ?? {}
  for (const time of [pausedMs, takenMs, resumedMs]) assert.equal(typeof time, 'number')

  const all = lines.join('\n')
  for (const text of [...unspeakable, clientPassword, internalSecret])
    assert.ok(
      !all.includes(text),
      `the log holds ${text}: ${lines.find((line) => line.includes(text)) ?? ''}`,
    )
})
