import { compareConversations } from '../harness/converse.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'

// Users with few rights: what Redis refuses them it refuses here, in the same words, and nothing else.

/** What they may, without what every client needs to say who it is. */
const rules: Readonly<Record<string, string>> = {
  keys: '~mine:* %R~read:* %W~write:* &news:* +@all -@admin -@dangerous',
  commands:
    'allkeys &* +get +set +incr +mget +multi +exec +discard +watch +echo +client|setname +client|getname +config|get',
  nothing: 'resetkeys resetchannels -@all',
  selectors: '+ping (+get ~get:*) (+set ~set:*) (+@all ~all:*)',
  'no-database': '~* &* +@all -select -info -wait -evalsha -hset -multi',
}

const script = 'EVAL return{redis.call(KEYS[1],KEYS[2])} 2'

const byKeys: Readonly<Record<string, readonly string[]>> = {
  'keys: strings': [
    'SET mine:a 1',
    'INCR mine:a',
    'SET other 1',
    'INCR other',
    'GET other',
    'GET read:a',
    'SET read:a 1',
    'SET write:a 1',
    'GET write:a',
    'INCR write:a',
    'APPEND write:a x',
    'MGET mine:a other',
    'MSET mine:a 1 other 1',
    'GETSET mine:a 3',
    'SET mine:a 1 GET',
    'SET write:a 1 GET',
    'COPY mine:a mine:b',
    'COPY read:a mine:b',
    'COPY mine:a other',
    'RENAME mine:a other',
    'DEL mine:a other',
    'DEL mine:a mine:b',
    'EXISTS other',
    'TYPE other',
  ],
  'keys: what blocks, and streams': [
    'BLPOP other 1',
    'BRPOPLPUSH mine:l other 1',
    'BLMOVE mine:l read:l LEFT LEFT 1',
    'XADD mine:s 1-1 f v',
    'XREAD BLOCK 100 STREAMS other 0',
    'XREAD STREAMS mine:s 0',
    'XREADGROUP GROUP g c STREAMS mine:s >',
    'SORT mine:l BY other_* GET other_*',
    'DEL mine:s',
  ],
  'keys: scripts and functions': [
    `${script} get mine:a`,
    `${script} get other`,
    'EVAL return{redis.call("get","other")} 0',
    'EVAL return{redis.pcall("get","other")} 0',
    'EVAL return{redis.call("config","get","maxmemory")} 0',
    'EVAL return{redis.call("set","mine:e","1")} 0',
    'GET mine:e',
    'DEL mine:e',
    'EVALSHA ffffffffffffffffffffffffffffffffffffffff 1 other',
    'FCALL nothing 1 other',
    'SCRIPT FLUSH',
    'FUNCTION FLUSH',
  ],
  'keys: channels': [
    'PUBLISH news:a hello',
    'PUBLISH other hello',
    'SPUBLISH other hello',
    'SUBSCRIBE other',
    'PSUBSCRIBE news:a*',
    'SSUBSCRIBE other',
    'SUBSCRIBE news:b',
  ],
  'keys: transactions': [
    'MULTI',
    'SET mine:a 1',
    'SET other 1',
    'EXEC',
    'GET mine:a',
    'MULTI',
    'SET mine:a 1',
    'INCR mine:a',
    'EXEC',
    'WATCH other',
    'WATCH mine:a',
    'MULTI',
    'CONFIG GET maxmemory',
    'DISCARD',
    'UNWATCH',
    'DEL mine:a',
  ],
  'keys: administration': [
    'CONFIG GET maxmemory',
    'CONFIG SET maxmemory 1',
    'ACL WHOAMI',
    'ACL LIST',
    'ACL SETUSER keys +@all',
    'ACL DRYRUN keys get mine:a',
    'CLIENT LIST',
    'CLIENT KILL TYPE normal',
    'CLIENT NO-EVICT on',
    'CLIENT GETNAME',
    'FLUSHALL',
    'FLUSHDB',
    'FLUSHALL NONSENSE',
    'KEYS *',
    'SCAN 0 MATCH nothing:*',
    'DBSIZE',
    'SWAPDB 0 1',
    'SAVE',
    'BGSAVE',
    'MONITOR',
    'SLOWLOG GET',
    'LATENCY RESET',
    'LASTSAVE',
    'INFO nothing',
    'ROLE',
    'NONSENSE',
    'GET',
  ],
}

const byCommands: readonly string[] = [
  'SET a 1',
  'INCR a',
  'GET a',
  'DEL a',
  'MGET a b',
  'ECHO here',
  'PING',
  'EVAL return{1} 0',
  'SELECT 3',
  'FLUSHALL',
  'FLUSHDB',
  'BLPOP a 1',
  'SUBSCRIBE a',
  'PUBLISH a b',
  'CLIENT SETNAME me',
  'CLIENT GETNAME',
  'CLIENT LIST',
  'CONFIG GET maxmemory-samples',
  'CONFIG SET maxmemory-samples 5',
  'CONFIG NONSENSE',
  'MULTI',
  'SET a 2',
  'DEL a',
  'EXEC',
  'MULTI',
  'SET a 3',
  'INCR a',
  'GET a',
  'EXEC',
  'WATCH a',
  'UNWATCH',
  'MULTI',
  'SET a 1',
  'DISCARD',
  'ACL WHOAMI',
  'WAIT 0 0',
  'INFO',
  'HSET h f v',
]

const byNothing: readonly string[] = [
  'GET a',
  'SET a 1',
  'PING',
  'MULTI',
  'EXEC',
  'SELECT 1',
  'ACL WHOAMI',
  'SUBSCRIBE a',
  'MONITOR',
  'EVAL return{1} 0',
  'FLUSHALL',
  'NONSENSE',
  'GET',
  'RESET',
]

const bySelectors: readonly string[] = [
  'PING',
  'SET set:a 1',
  'GET set:a',
  'GET get:a',
  'SET get:a 1',
  'SET all:a 5',
  'INCR all:a',
  'MGET get:a all:a',
  'EVAL return{redis.call("incr","all:a")} 1 all:a',
  'EVAL return{redis.call("get","get:a")} 0',
  'DEL all:a',
  'DEL set:a',
]

/** Rights that a gateway might want for itself. */
const byNoDatabase: readonly string[] = [
  'SET a 1',
  'INCR a',
  'GET a',
  'SELECT 3',
  'INFO server nothing',
  'WAIT 0 0',
  'MULTI',
  'HSET h f v',
  'EVAL return{redis.call("incr","a")} 1 a',
  'BLPOP none 0.1',
  'DEL a',
  'WATCH a',
  'UNWATCH',
]

const all: readonly (readonly [string, string, readonly string[]])[] = [
  ...Object.entries(byKeys).map(([name, commands]) => [name, 'keys', commands] as const),
  ['few commands', 'commands', byCommands],
  ['no right at all', 'nothing', byNothing],
  ['selectors', 'selectors', bySelectors],
  ['all but what restores a connection', 'no-database', byNoDatabase],
]

const inputs: readonly HostileInput[] = all.flatMap(([name, user, commands]) =>
  [2, 3].map((protocol) => ({
    name: `${name}, RESP${String(protocol)}`,
    attack: async (scene: HostileScene) => {
      const rule = (rules[user] ?? '').replaceAll(/\(([^)]*)\)/g, (found) => found.replaceAll(' ', '\0'))
      const words = rule.split(' ').map((word) => word.replaceAll('\0', ' '))
      for (const node of scene.group.topology.nodes)
        await scene.group.ask(node.index, ['ACL', 'SETUSER', user, 'reset', 'on', '>secret', ...words])
      const hello = protocol === 2 ? `AUTH ${user} secret` : `HELLO 3 AUTH ${user} secret`
      await compareConversations(scene, [hello, ...commands])
    },
  })),
)

testHostileInputs(inputs)
