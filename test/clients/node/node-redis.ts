import { createClient, WatchError } from 'redis'
import { drain, repeat, say } from './say.ts'

// A program that uses Redis through node-redis as programs do; see ../python/ordinary.py.

const { REDIS_HOST: host = '', REDIS_PORT, REDIS_PASSWORD: password = '', PREFIX = '', RESP } = process.env
const key = (name: string) => `${PREFIX}:${name}`

const redis = createClient({
  socket: { host, port: Number(REDIS_PORT) },
  password,
  RESP: RESP === '3' ? 3 : 2,
})
const all: { destroy(): void }[] = []

async function own(): Promise<typeof redis> {
  const client = all.length === 0 ? redis : redis.duplicate()
  all.push(client)
  client.on('error', (error) => say('connection', { error: String(error) }))
  client.on('reconnecting', () => say('connection', { error: 'lost' }))
  return client.connect()
}

async function optimistic(watching: typeof redis): Promise<number> {
  for (;;) {
    await watching.watch(key('optimistic'))
    const following = Number(await watching.get(key('optimistic'))) + 1
    try {
      await watching.multi().set(key('optimistic'), following).exec()
      return following
    } catch (error) {
      if (!(error instanceof WatchError)) throw error
    }
  }
}

async function scan(): Promise<number> {
  const found = new Set<string>()
  for await (const keys of redis.scanIterator({ MATCH: key('scan:*'), COUNT: 100 }))
    for (const each of keys) found.add(each)
  return found.size
}

async function worker(blocking: typeof redis): Promise<'more' | 'nothing'> {
  const job = await blocking.brPop(key('jobs'), 1)
  if (job === null) return 'nothing'
  say('job', { got: job.element })
  return 'more'
}

async function consumer(blocking: typeof redis): Promise<'more' | 'nothing'> {
  const streams = await blocking.xReadGroup(
    'group',
    'consumer',
    { key: key('stream'), id: '>' },
    { COUNT: 10, BLOCK: 500 },
  )
  // A map in RESP3, pairs in RESP2, and this client hands on either.
  for (const { messages } of (streams ?? []) as { messages: { id: string; message: { n: string } }[] }[]) {
    for (const { id, message } of messages) {
      say('entry', { got: message.n })
      say('acknowledged', { got: await redis.xAck(key('stream'), 'group', id) })
    }
  }
  return streams === null ? 'nothing' : 'more'
}

await own()
await redis.mSet(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [key(`scan:${n}`), String(n)])))
await redis.xGroupCreate(key('stream'), 'group', '0', { MKSTREAM: true })
const script = "return redis.call('INCR', KEYS[1])"
const sha = await redis.scriptLoad(script)
await (
  await own()
).subscribe(key('channel'), (text) => {
  say('message', { got: text })
})
const watchers = [await own(), await own()]
const workers = [await own(), await own()]
const reader = await own()
await Promise.all([
  repeat('counter', () => redis.incr(key('counter'))),
  repeat('values', async (n) => (await redis.set(key('value'), n), redis.get(key('value')))),
  repeat('hashes', async (n) => {
    await redis.hSet(key('hash'), { last: n, by: 'node-redis' })
    return Promise.all([redis.hIncrBy(key('hash'), 'count', 1), redis.hGet(key('hash'), 'last')])
  }),
  repeat('lists', (n) => redis.rPush(key('list'), String(n))),
  repeat('pipeline', (n) => {
    const piped = redis.multi().incr(key('piped')).incr(key('piped')).get(key('piped'))
    return piped.sAdd(key('set'), String(n)).execAsPipeline()
  }),
  repeat('transaction', (n) => redis.multi().incr(key('in-transaction')).rPush(key('log'), String(n)).exec()),
  ...watchers.map((watching) => repeat('optimistic', () => optimistic(watching))),
  repeat('scripts', () => redis.evalSha(sha, { keys: [key('script')] })),
  repeat('scan', scan),
  repeat('push', async (n) => (await redis.lPush(key('jobs'), String(n)), n)),
  repeat('add', async (n) => (await redis.xAdd(key('stream'), '*', { n: String(n) }), n)),
  repeat('publish', async (n) => (await redis.publish(key('channel'), String(n)), n)),
  ...workers.map((blocking) => drain('job', () => worker(blocking))),
  drain('entry', () => consumer(reader)),
])
for (const each of all) each.destroy()
say('end')
