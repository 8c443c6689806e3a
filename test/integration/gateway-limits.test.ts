import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseSpec } from '../../src/spec/parse.ts'
import { buildTopology } from '../../src/topology/build.ts'
import { eventually } from '../harness/eventually.ts'
import { localDeployment } from '../harness/local-deployment.ts'

const network = 7
const base = `127.30.${String(network)}`

describe('other limits of a gateway that runs', { timeout: 180_000 }, () => {
  test('are taken up by it without dropping anybody; other settings start it anew', async (t) => {
    const deployment = localDeployment(t, network)
    const up = (gateway: string): Promise<readonly string[]> => {
      const spec = parseSpec(
        [
          `name: local-${String(network)}`,
          `app: {instances: 1, port: ${String(20_000 + network * 100)}}`,
          `gateway: {listen: "${base}.101:6379", ${gateway}}`,
          `frontDoor: {listen: "${base}.100:8480"}`,
          `local: {network: ${base}.0/24}`,
        ].join('\n'),
        'holdfast.yaml',
      )
      return deployment.target.apply(buildTopology(spec, deployment.stateDir), null, deployment.context)
    }
    await up('limits: {sessions: 1000}')
    const { pid } = deployment.running('gateway')
    const client = await connect()
    const password = readFileSync(join(deployment.stateDir, 'secrets', 'password'), 'utf8').trim()
    assert.equal(await client.ask(`AUTH ${password}`), '+OK\r\n')
    assert.equal(await client.ask('SET held here'), '+OK\r\n')

    assert.deepEqual(await up('limits: {sessions: 1}'), ['gateway has new limits'])
    assert.equal(deployment.running('gateway').pid, pid)
    assert.equal(await client.ask('GET held'), '$4\r\nhere\r\n')
    await eventually('nobody else is let in', 5000, async () => {
      const another = await connect()
      const answer = await another.ask('PING')
      another.socket.destroy()
      return answer.startsWith('-ERR max number of clients reached') || answer
    })
    assert.deepEqual(await up('limits: {sessions: 1}'), [])

    assert.deepEqual(await up('reads: fast'), ['gateway has new settings'])
    assert.notEqual(deployment.running('gateway').pid, pid)
    assert.deepEqual(await up('reads: fast'), [])
  })
})

interface Client {
  readonly socket: Socket
  /** The next chunk that comes: enough for one small answer at a time. */
  readonly ask: (inline: string) => Promise<string>
}

async function connect(): Promise<Client> {
  const socket = createConnection({ host: `${base}.101`, port: 6379 })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const ask = async (inline: string): Promise<string> => {
    const answer = once(socket, 'data')
    socket.write(`${inline}\r\n`)
    return String((await answer)[0])
  }
  return { socket, ask }
}
