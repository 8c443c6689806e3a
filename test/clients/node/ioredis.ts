import { Redis } from 'ioredis'
import { drain, repeat, say } from './say.ts'

// A program that uses Redis through ioredis as programs do; see ../python/ordinary.py.

const { REDIS_HOST: host = '', REDIS_PORT, REDIS_PASSWORD: password = '', PREFIX = '', RESP } = process.env
const key = (name: string) => `${PREFIX}:${name}`

function connect(): Redis {
  const redis = new Redis({ host, port: Number(REDIS_PORT), password, protocol: RESP === '3' ? 3 : 2 })
  redis.on('reconnecting', () => say('connection', { error: 'lost' }))
  redis.on('error', (error) => say('connection', { error: String(error) }))
  return redis
}

const redis = connect()
const all: Redis[] = [redis]
const own = () => all[all.push(connect()) - 1] ?? redis

redis.defineCommand('another', { numberOfKeys: 1, lua: "return redis.call('INCR', KEYS[1])" })
const scripted = redis as Redis & { another(key: string): Promise<number> }

async function optimistic(watching: Redis): Promise<number> {
  for (;;) {
    await watching.watch(key('optimistic'))
    const following = Number(await watching.get(key('optimistic'))) + 1
    const done = await watching.multi().set(key('optimistic'), following).exec()
    if (done !== null) return following
  }
}

async function scan(): Promise<number> {
  const found = new Set<string>()
  for await (const keys of redis.scanStream({ match: key('scan:*'), count: 100 }))
    for (const each of keys as string[]) found.add(each)
  return found.size
}

async function worker(blocking: Redis): Promise<'more' | 'nothing'> {
  const job = await blocking.brpop(key('jobs'), 1)
  if (job === null) return 'nothing'
  say('job', { got: job[1] })
  return 'more'
}

type Streams = [name: string, entries: [id: string, fields: string[]][]][]

async function consumer(blocking: Redis): Promise<'more' | 'nothing'> {
  const group = ['group', 'consumer', 'COUNT', 10, 'BLOCK', 500] as const
  const streams = (await blocking.xreadgroup(
    'GROUP',
    ...group,
    'STREAMS',
    key('stream'),
    '>',
  )) as Streams | null
  for (const [, entries] of streams ?? []) {
    for (const [id, fields] of entries) {
      say('entry', { got: fields[1] })
      say('acknowledged', { got: await redis.xack(key('stream'), 'group', id) })
    }
  }
  return streams === null ? 'nothing' : 'more'
}

/** The replies of several commands; an error in the place of one is thrown. */
function values(replies: [Error | null, unknown][] | null): unknown {
  for (const [error] of replies ?? []) if (error !== null) throw error
  return replies?.map(([, reply]) => reply)
}

await redis.mset(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [key(`scan:${n}`), n])))
await redis.xgroup('CREATE', key('stream'), 'group', '0', 'MKSTREAM')
const subscription = own()
await subscription.subscribe(key('channel'))
subscription.on('message', (_channel, text) => {
  say('message', { got: text })
  say('socket', { got: (subscription as unknown as { stream: { localPort: number } }).stream.localPort })
})
const [watchers, blocking] = [
  [own(), own()],
  [own(), own(), own()],
]
await Promise.all([
  repeat('counter', () => redis.incr(key('counter'))),
  repeat('values', async (n) => (await redis.set(key('value'), n), redis.get(key('value')))),
  repeat('hashes', async (n) => {
    await redis.hset(key('hash'), { last: n, by: 'ioredis' })
    return Promise.all([redis.hincrby(key('hash'), 'count', 1), redis.hget(key('hash'), 'last')])
  }),
  repeat('lists', (n) => redis.rpush(key('list'), n)),
  repeat('pipeline', async (n) => {
    const piped = redis.pipeline().incr(key('piped')).incr(key('piped')).get(key('piped')).sadd(key('set'), n)
    return values(await piped.exec())
  }),
  repeat('transaction', async (n) => {
    return values(await redis.multi().incr(key('in-transaction')).rpush(key('log'), n).exec())
  }),
  ...watchers.map((watching) => repeat('optimistic', () => optimistic(watching))),
  repeat('scripts', () => scripted.another(key('script'))),
  repeat('scan', scan),
  repeat('push', async (n) => (await redis.lpush(key('jobs'), n), n)),
  repeat('add', async (n) => (await redis.xadd(key('stream'), '*', 'n', String(n)), n)),
  repeat('publish', async (n) => (await redis.publish(key('channel'), String(n)), n)),
  ...blocking.slice(1).map((each) => drain('job', () => worker(each))),
  drain('entry', () => consumer(blocking[0] ?? redis)),
])
for (const each of all) each.disconnect()
say('end')
