import * as when from './scriptable-rules.ts'
import type { ScriptableRule } from './scriptable-rules.ts'

const rules: readonly (readonly [ScriptableRule, string])[] = [
  // strings
  [when.always, 'GET SET SETNX SETEX PSETEX GETSET GETDEL GETEX APPEND STRLEN SETRANGE GETRANGE SUBSTR'],
  [when.always, 'MGET MSET MSETNX INCRBYFLOAT SETBIT GETBIT BITCOUNT BITPOS BITOP PFADD PFCOUNT PFMERGE'],
  [when.counts, 'INCR DECR INCRBY DECRBY HINCRBY'],
  [when.resp3Without('IDX', 3), 'LCS'],
  // keys
  [when.always, 'DEL UNLINK EXISTS TYPE TOUCH RENAME RENAMENX COPY MOVE DUMP RESTORE RANDOMKEY'],
  [when.always, 'EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST DBSIZE FLUSHDB SWAPDB SCAN'],
  [when.subcommands('ENCODING', 'REFCOUNT', 'IDLETIME', 'FREQ'), 'OBJECT'],
  // lists
  [when.always, 'LPUSH RPUSH LPUSHX RPUSHX LLEN LINDEX LRANGE LINSERT LSET LREM LTRIM LPOS LMOVE RPOPLPUSH'],
  [when.popsList, 'LPOP RPOP'],
  [when.arrayOrNull, 'LMPOP'],
  // hashes
  [when.always, 'HSET HMSET HSETNX HGET HMGET HDEL HEXISTS HLEN HKEYS HVALS HSTRLEN HINCRBYFLOAT HSCAN'],
  [when.resp2Only, 'HGETALL'],
  [when.resp3Without('WITHVALUES', 3), 'HRANDFIELD'],
  // sets
  [when.always, 'SADD SREM SMOVE SCARD SISMEMBER SMISMEMBER SINTERCARD SRANDMEMBER SSCAN'],
  [when.always, 'SINTERSTORE SUNIONSTORE SDIFFSTORE'],
  [when.resp2Only, 'SMEMBERS SINTER SUNION SDIFF'],
  [when.popsSet, 'SPOP'],
  // sorted sets
  [when.addsScores, 'ZADD'],
  [when.always, 'ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX ZRANGESTORE ZUNIONSTORE ZINTERSTORE'],
  [when.always, 'ZDIFFSTORE ZCARD ZCOUNT ZLEXCOUNT ZINTERCARD ZRANGEBYLEX ZREVRANGEBYLEX ZSCAN'],
  [when.arrayOrNullInResp2, 'ZMPOP'],
  [when.exactly(3), 'ZRANK ZREVRANK'],
  [when.resp2Only, 'ZINCRBY ZSCORE ZMSCORE ZPOPMIN ZPOPMAX'],
  [when.resp3Without('WITHSCORES', 3), 'ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANDMEMBER'],
  [when.resp3Without('WITHSCORES', 3), 'ZUNION ZINTER ZDIFF'],
  // positions
  [when.always, 'GEOADD GEODIST GEOHASH GEOSEARCHSTORE'],
  [when.withoutPositions(2), 'GEOSEARCH GEORADIUS GEORADIUS_RO GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO'],
  // streams
  [when.always, 'XADD XDEL XTRIM XLEN XACK XCLAIM XAUTOCLAIM XSETID'],
  [when.subcommands('CREATE', 'SETID', 'DESTROY', 'CREATECONSUMER', 'DELCONSUMER'), 'XGROUP'],
  [when.arrayOrNull, 'XRANGE XREVRANGE'],
  [when.readsStreams, 'XREAD'],
  [when.readsGroups, 'XREADGROUP'],
  // the rest
  [when.always, 'PUBLISH SPUBLISH PING ECHO TIME LASTSAVE'],
]

/** Commands that may run within a script, and when. */
export const scriptableCommands: ReadonlyMap<string, ScriptableRule> = new Map(
  rules.flatMap(([rule, names]) => names.split(' ').map((name) => [name, rule] as const)),
)
