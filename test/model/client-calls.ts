import fc from 'fast-check'

/** What the sessions of a run do, one step after the other. Words are latin1 text. */
export type Step =
  | { readonly kind: 'say'; readonly session: number; readonly calls: readonly RandomCall[] }
  /** One waits for an element, another brings one. */
  | {
      readonly kind: 'serve'
      readonly session: number
      readonly by: number
      readonly wait: RandomCall
      readonly bring: RandomCall
    }

interface RandomCall {
  readonly words: readonly string[]
  readonly inline: boolean
}

export const sessions = 3
export const rightPassword = 'for-clients'

const strings = ['s1', 's2', 'n1', 'n2', 'f1', 'bits']
const keys = [...strings, 'l1', 'l2', 'h1', 'set1', 'set2', 'z1', 'z2', 'x1', 'hll', 'geo', 'none']
const integers =
  '0 1 -1 2 3 7 10 100 9007199254740991 9007199254740992 9007199254740993 -9007199254740993 9223372036854775807 -9223372036854775808 9223372036854775808 4102444800'.split(
    ' ',
  )

/** What the words in capitals with a `$` before them stand for. */
const placeholders: Readonly<Record<string, fc.Arbitrary<string>>> = {
  $K: fc.constantFrom(...keys),
  $S: fc.constantFrom(...strings),
  $N: fc.constantFrom('n1', 'n2', 's1'),
  $L: fc.constantFrom('l1', 'l2', 'l1', 'l2', 's1', 'none'),
  $H: fc.constantFrom('h1', 'h1', 'h1', 's1'),
  $T: fc.constantFrom('set1', 'set2', 'set1', 'l1'),
  $Z: fc.constantFrom('z1', 'z2', 'z1', 'h1'),
  $X: fc.constantFrom('x1', 'x1', 'x1', 's1'),
  $I: fc.constantFrom(...integers),
  $D: fc.constantFrom('0', '1', '2', '3', '-1', '-2', '5'),
  $R: fc.constantFrom('1.5', '-2.25', '1e3', '0', 'inf', '-inf', '3', 'nan', '0.1'),
  $F: fc.constantFrom('a', 'b', 'c', 'd', '1', '2'),
  $C: fc.constantFrom('news', 'more', 'none'),
  $B: fc.constantFrom('0', '1', '2', '15', '16', '-1', 'x', '99999999999999999999', '00016'),
  $V: fc.oneof(
    fc.constantFrom('a', 'b', 'c', '', 'hello world', '3.0', 'OK', 'message'),
    fc.constantFrom(...integers),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.constantFrom('\r\n', '$-1\r\n', '\0', '"', 'x'.repeat(20_000)),
  ),
}

const data =
  `SET $K $V|SET $S $V NX|SET $S $V XX GET|SET $S $V EX 1000|SET $S $V PXAT 4102444800000|SET $S $V KEEPTTL GET|SET $S $V BAD|GET $K|GET $S|GETSET $S $V|GETDEL $S|GETEX $S PERSIST|MGET $K $K $S|MSET $S $V $S $V|MSETNX $S $V $S $V|APPEND $S $V|STRLEN $K|SETRANGE $S $D $V|GETRANGE $S $D $D|SETEX $S 1000 $V|SETEX $S $I $V|INCR $N|INCR $N|DECR $N|INCRBY $N $I|DECRBY $N $I|INCRBYFLOAT f1 $R|SETBIT bits $D $D|BITCOUNT $S|BITPOS bits 1|BITOP AND s2 s1 bits|BITFIELD bits SET u8 0 $I GET i64 0 INCRBY i64 0 $I|LCS s1 s2|LCS s1 s2 IDX|DEL $K $K|UNLINK $K|EXISTS $K $K|TYPE $K|RENAME $K $K|RENAMENX $K $K|COPY $K $K|COPY $K $K DB $B|MOVE $K $B|PERSIST $K|EXPIRE $K 1000 NX|PEXPIREAT $K 4102444800123|EXPIRETIME $K|PEXPIRETIME $K|EXPIRE $K $I|TOUCH $K|DBSIZE|OBJECT ENCODING $K|OBJECT HELP|OBJECT NOPE $K|SORT $L ALPHA|SORT $L|SORT $T ALPHA STORE l2|` +
  `LPUSH $L $V|RPUSH $L $V $V $V|RPUSHX $L $V|LPOP $L|RPOP $L|LPOP $L $D|RPOP $L $D|LLEN $K|LRANGE $K 0 -1|LINDEX $L $D|LSET $L $D $V|LINSERT $L BEFORE a $V|LREM $L $D a|LTRIM $L $D $D|RPOPLPUSH $L $L|LMOVE $L $L LEFT RIGHT|LMPOP 2 l1 l2 LEFT|LPOS $L a|LPOS $L a RANK -1 COUNT 0|` +
  `HSET $H $F $V|HSET $H $F $V $F $V|HSETNX $H $F $V|HGET $H $F|HMGET $H $F $F|HGETALL $K|HDEL $H $F|HINCRBY $H $F $I|HINCRBYFLOAT $H $F $R|HLEN $H|HEXISTS $H $F|HKEYS $H|HVALS $H|HSTRLEN $H $F|HRANDFIELD none 3|HSCAN $H 0|` +
  `SADD $T $F $F|SADD $T $V|SREM $T $F|SCARD $T|SISMEMBER $T $F|SMISMEMBER $T $F $V|SMEMBERS $T|SINTER $T $T|SUNION $T $T|SDIFF $T $T|SUNIONSTORE $T $T $T|SINTERCARD 2 $T $T|SMOVE $T $T $F|SPOP none|SSCAN $T 0|` +
  `ZADD $Z $R $F|ZADD $Z NX CH $R $F $R $F|ZADD $Z INCR $R $F|ZADD $Z XX INCR 1 nope|ZINCRBY $Z $R $F|ZREM $Z $F|ZCARD $Z|ZSCORE $Z $F|ZMSCORE $Z $F $F|ZRANK $Z $F|ZRANGE $Z 0 -1|ZRANGE $Z 0 -1 WITHSCORES|ZREVRANGE $Z 0 -1 WITHSCORES|ZRANGEBYSCORE $Z -inf +inf LIMIT 0 2|ZCOUNT $Z -inf 5|ZPOPMIN $Z|ZPOPMAX $Z $D|ZMPOP 1 $Z MIN COUNT 2|ZRANGESTORE z2 $Z 0 -1|ZUNION 2 $Z $Z WITHSCORES|ZUNIONSTORE z2 2 $Z $Z|ZDIFF 2 $Z $Z WITHSCORES|ZSCAN $Z 0|ZRANDMEMBER none|ZLEXCOUNT $Z - +|` +
  `GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania|GEOPOS geo Palermo nope|GEODIST geo Palermo Catania km|GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 500 km ASC WITHDIST|GEOSEARCH geo FROMLONLAT 15 37 BYBOX 900 900 km ASC|PFADD hll $F $V|PFCOUNT hll|PFMERGE hll none|` +
  `XADD $X $D-1 $F $V|XADD $X 5-$D f v|XLEN $X|XRANGE $X - +|XREVRANGE $X + - COUNT 1|XREAD COUNT 2 STREAMS $X 0|XREAD STREAMS x1 $|XGROUP CREATE $X g 0|XGROUP CREATE $X g 0 MKSTREAM|XREADGROUP GROUP g me COUNT 1 STREAMS $X >|XREADGROUP GROUP g me STREAMS $X 0|XACK $X g $D-1|XDEL $X $D-1|XTRIM $X MAXLEN 1|XPENDING $X g|XGROUP DESTROY $X g|XAUTOCLAIM $X g me 0 0 JUSTID|XINFO GROUPS $X|XINFO NOPE|` +
  `SCAN 0 COUNT 1000|SCAN nope|KEYS *|FLUSHDB|SWAPDB 0 1|SWAPDB $B 0|RANDOMKEY|TTL $K|DUMP $N|RESTORE s1 0 bad|LOLWUT VERSION`
const connection =
  'SELECT $B|SELECT 0|CLIENT SETNAME name$D|CLIENT SETNAME bad name|CLIENT GETNAME|CLIENT ID|CLIENT NO-EVICT ON|CLIENT NO-TOUCH OFF|CLIENT SETINFO lib-name x|CLIENT TRACKINGINFO|CLIENT GETREDIR|CLIENT CACHING YES|CLIENT REPLY ON|CLIENT NOPE|CLIENT|CLIENT UNBLOCK 99999|CLIENT INFO|HELLO|HELLO 2|HELLO 3|HELLO 3 AUTH default for-clients SETNAME named|HELLO 3 AUTH default wrong|HELLO 4|HELLO x|HELLO 3 NOPE|AUTH for-clients|AUTH for-clients|AUTH default for-clients|AUTH wrong|AUTH nobody for-clients|RESET|PING|PING $V|ECHO $V|ECHO|COMMAND COUNT|COMMAND INFO get nope|COMMAND GETKEYS SET a b|COMMAND NOPE|ACL WHOAMI|ACL CAT nope|NOPE $V|$V $V|GET|SET a|get $S|READONLY|ASKING|CLUSTER INFO|TIME|LASTSAVE|ROLE|WAIT 0 0|DEBUG SLEEP 0|QUIT now'
const transactions =
  'MULTI|MULTI|MULTI|EXEC|EXEC|EXEC|EXEC|DISCARD|WATCH $K|WATCH $K $K|WATCH|UNWATCH|MULTI now|EXEC now'
const scripts =
  "EVAL return\\s1 0|EVAL return\\s{1,{2,'a'},false,redis.call('get',KEYS[1])} 1 $S|EVAL redis.call('incr',KEYS[1])\\sreturn\\sredis.call('set',KEYS[2],'x') 2 $N $S|EVAL return\\sredis.call('lpush',KEYS[1],ARGV[1]) 1 $K $V|EVAL return\\sredis.pcall('incr',KEYS[1]) 1 $K|EVAL bad( 0|EVAL return\\s1 nope|EVAL return\\sredis.call('nope') 0|EVAL redis.setresp(3)\\sreturn\\sredis.call('hgetall',KEYS[1]) 1 $H|EVAL return\\sredis.call('select','1') 0|EVAL_RO return\\sredis.call('get',KEYS[1]) 1 $S|EVAL_RO return\\sredis.call('incr',KEYS[1]) 1 $S|EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0|EVALSHA nope 0|SCRIPT LOAD return\\s1|SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db nope|SCRIPT FLUSH|SCRIPT NOPE|FUNCTION LOAD REPLACE #!lua\\sname=lib\\nredis.register_function('f',function(k,a)\\sreturn\\sredis.call('incr',k[1])\\send)|FCALL f 1 $N|FCALL nope 0|FCALL_RO f 1 $N|FUNCTION DELETE lib"
const pubsub =
  'SUBSCRIBE $C|SUBSCRIBE news more|PSUBSCRIBE n* m*|UNSUBSCRIBE|UNSUBSCRIBE $C|UNSUBSCRIBE news more|PUNSUBSCRIBE|PUNSUBSCRIBE n*|SSUBSCRIBE $C|SUNSUBSCRIBE|SPUBLISH $C $V|PUBLISH $C $V|PUBLISH $C $V|PUBSUB NUMSUB news|PUBSUB NUMPAT|SUBSCRIBE'
const waits =
  'BLPOP $L none 0.03|BRPOP $L 0.03|BLMOVE $L $L LEFT LEFT 0.03|BRPOPLPUSH $L $L 0.03|BLMPOP 0.03 2 l1 l2 LEFT COUNT 2|BZPOPMIN $Z 0.03|BZPOPMAX $Z z2 0.03|BZMPOP 0.03 1 $Z MAX|BLPOP $L -1|BLPOP $L nope|BLPOP $L|XREAD BLOCK 30 STREAMS $X $|XREAD BLOCK 30 STREAMS $X 0|XREADGROUP GROUP g me BLOCK 30 STREAMS $X >'

function call(template: string): fc.Arbitrary<RandomCall> {
  const words = template.split(' ').map((word) => {
    const found = /^(.*)(\$[A-Z])(.*)$/.exec(word)
    const arbitrary = placeholders[found?.[2] ?? '']
    if (found === null || arbitrary === undefined)
      return fc.constant(word.replaceAll('\\s', ' ').replaceAll('\\n', '\n'))
    return arbitrary.map((text) => `${found[1] ?? ''}${text}${found[3] ?? ''}`)
  })
  return fc
    .record({
      words: fc
        .tuple(fc.tuple(...words), fc.constantFrom('', '', '', '', '', '', '', '', '', 'more', 'fewer'))
        .map(([all, change]) =>
          change === 'more' ? [...all, 'a'] : change === 'fewer' && all.length > 1 ? all.slice(0, -1) : all,
        ),
      inline: fc.constantFrom(false, false, false, false, true),
    })
    .filter(({ words }) => !isHalfHello(words))
}

/** Redis has taken its AUTH when it finds that what follows is none of its options. @see docs/guarantees.md */
function isHalfHello([name, , option, ...rest]: readonly string[]): boolean {
  return name === 'HELLO' && option === 'AUTH' && rest.length >= 2 && rest.length !== 2 && rest.length !== 4
}

function oneOf(templates: string): fc.Arbitrary<RandomCall> {
  return fc.oneof(...templates.split('|').map(call))
}

const anyCall: fc.Arbitrary<RandomCall> = fc.oneof(
  { weight: 60, arbitrary: oneOf(data) },
  { weight: 14, arbitrary: oneOf(connection) },
  { weight: 14, arbitrary: oneOf(transactions) },
  { weight: 7, arbitrary: oneOf(scripts) },
  { weight: 6, arbitrary: oneOf(pubsub) },
  { weight: 2, arbitrary: oneOf(waits) },
)

const session = fc.nat({ max: sessions - 1 })

const serve: fc.Arbitrary<Step> = fc
  .tuple(
    session,
    fc.constantFrom(1, 2),
    fc.constantFrom(
      ['BLPOP none l1 1', 'RPUSH l1 a b'],
      ['BRPOP l1 1', 'LPUSH l1 a'],
      ['BLMOVE l1 l2 LEFT RIGHT 1', 'RPUSH l1 c'],
      ['BLMPOP 1 2 l1 l2 LEFT COUNT 5', 'RPUSH l2 a b'],
      ['BZPOPMIN z1 1', 'ZADD z1 1 a'],
      ['BZMPOP 1 1 z1 MAX', 'ZADD z1 2.5 b'],
      ['XREAD BLOCK 1000 STREAMS x1 100-0', 'XADD x1 100-1 f v'],
      ['XREADGROUP GROUP g me BLOCK 1000 STREAMS x1 >', 'XADD x1 101-1 f v'],
    ),
  )
  .map(([who, further, [wait = '', bring = '']]) => ({
    kind: 'serve',
    session: who,
    by: (who + further) % sessions,
    wait: { words: wait.split(' '), inline: false },
    bring: { words: bring.split(' '), inline: false },
  }))

/** Steps of one run. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 24,
      arbitrary: fc.record<Step & { kind: 'say' }>({
        kind: fc.constant('say'),
        session,
        calls: fc.oneof(
          { weight: 3, arbitrary: fc.array(anyCall, { minLength: 1, maxLength: 2 }) },
          { weight: 2, arbitrary: fc.array(anyCall, { minLength: 1, maxLength: 12 }) },
        ),
      }),
    },
    { weight: 1, arbitrary: serve },
  ),
  { minLength: 1, maxLength: 30, size: 'max' },
)
