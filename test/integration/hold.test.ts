import { test, type TestContext } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startGatewayScene, type GatewayScene } from '../harness/gateway-scene.ts'
import { RawClient } from '../harness/raw-client.ts'

// Whatever waits for a primary that hangs is answered when `hold` is over, also what is only asked of it.

const tryAgain = '-TRYAGAIN no primary could be reached in time; this command did not run\r\n'

async function start(t: TestContext): Promise<GatewayScene> {
  const scene = await startGatewayScene(t, { block: 83, holdMs: 1000 })
  await scene.ask('ACL', 'SETUSER', 'keyed', 'on', '>pw', '~a*', '&*', '+@all')
  return scene
}

/** Sends the words while the primary hangs, and expects what is to be answered when `hold` is over. */
async function expectHeld(
  scene: GatewayScene,
  client: RawClient,
  words: string,
  answers: string,
): Promise<void> {
  await scene.whileHung(async () => {
    client.send(words)
    await client.expect(answers, 8000)
  })
  await eventually('well again', 8000, () => scene.gateway.status().reachable || 'not')
}

test('SELECT, CLIENT SETNAME and AUTH', async (t) => {
  const scene = await start(t)
  const client = await scene.connect()
  client.send('SET a of-0\r\nSELECT 1\r\nSET a of-1\r\nSELECT 0\r\n')
  await client.expect('+OK\r\n+OK\r\n+OK\r\n+OK\r\n')
  await expectHeld(scene, client, 'SELECT 1\r\n', tryAgain)
  client.send('GET a\r\n')
  await client.expect('$4\r\nof-0\r\n')
  await expectHeld(scene, client, 'CLIENT SETNAME me\r\nSELECT 1\r\n', tryAgain.repeat(2))
  client.send('CLIENT GETNAME\r\nGET a\r\nSELECT 1\r\nGET a\r\n')
  await client.expect('$-1\r\n$4\r\nof-0\r\n+OK\r\n$4\r\nof-1\r\n')
  const { host, port } = scene.group.topology.gateway
  for (const words of ['AUTH for-clients\r\n', 'HELLO 3 AUTH default for-clients\r\n']) {
    const stranger = await RawClient.open(host, port)
    await expectHeld(scene, stranger, words, tryAgain)
    stranger.send('GET a\r\nAUTH for-clients\r\nGET a\r\n')
    await stranger.expect('-NOAUTH Authentication required.\r\n+OK\r\n$4\r\nof-0\r\n')
  }
})

test('MULTI and what is queued, of a user for whom Redis is asked', async (t) => {
  const scene = await start(t)
  const client = await scene.connect()
  client.send('AUTH keyed pw\r\nSET a 1\r\n')
  await client.expect('+OK\r\n+OK\r\n')
  await expectHeld(scene, client, 'MULTI\r\n', tryAgain)
  client.send('INCR a\r\nMULTI\r\nINCR a\r\n')
  await client.expect(':2\r\n+OK\r\n+QUEUED\r\n')
  await expectHeld(scene, client, 'INCR a\r\n', tryAgain)
  client.send('EXEC\r\nGET a\r\n')
  await client.expect('-EXECABORT Transaction discarded because of previous errors.\r\n$1\r\n2\r\n')
})

test('whether a user may write, and where a stream ends', async (t) => {
  const scene = await start(t)
  const [keyed, reader] = [await scene.connect(), await scene.connect()]
  keyed.send('AUTH keyed pw\r\nSET a 1\r\n')
  await keyed.expect('+OK\r\n+OK\r\n')
  await expectHeld(scene, keyed, 'BLPOP al 0\r\n', tryAgain)
  keyed.send('INCR a\r\n')
  await keyed.expect(':2\r\n')
  await expectHeld(scene, reader, 'XREAD BLOCK 0 STREAMS s $\r\n', tryAgain)
  reader.send('XADD s 1-1 f v\r\n')
  await reader.expect('$3\r\n1-1\r\n')
})
