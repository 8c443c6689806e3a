/** What is there before every sample, in redis-cli's quoting. Times are fixed, so that two servers (or runs) can be compared. */
export const state: readonly string[] = [
  'SET text hello',
  'SET ten 10',
  'SET near 9007199254740991',
  'SET -near -9007199254740991',
  'SET past 9007199254740993',
  'SET max 9223372036854775806',
  'SET min -9223372036854775807',
  'SET float 3.25',
  'SET empty ""',
  'SET bin "\\x00\\xff\\r\\n"',
  'SET expiring v PXAT 4102444800123',
  'SET far v PXAT 9007199254740993',
  'RPUSH list a b c a "\\xff\\r\\n"',
  'RPUSH list2 x y',
  'RPUSH one 1',
  'HSET hash f v n 5 near 9007199254740991 max 9223372036854775806 float 1.5 "\\x00" "\\r\\n"',
  'SADD set a b c "\\xff"',
  'SADD set2 b c d',
  'SADD ints 1 2 3 9223372036854775807',
  'ZADD zset 1 a 2.5 b inf c -inf d 9007199254740993 e 1e300 f',
  'ZADD zset2 1 a 3 z',
  'ZADD lex 0 a 0 b 0 c',
  'GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania',
  'PFADD hll a b c',
  'PFADD hll2 c d',
  'XADD stream 1-1 f v',
  'XADD stream 1-2 f "\\x00" g ""',
  'XADD stream 2-0 f v',
  'XGROUP CREATE stream group 0',
  'XREADGROUP GROUP group reader COUNT 2 STREAMS stream >',
  'XDEL stream 1-2',
  'XGROUP CREATE stream fresh 0',
]

/**
 * A script that tells every key of the first databases: database, name, type, encoding, length, expiry (ms), value. Streams
 * hold the times of their consumers, which differ from run to run, so they are told by their entries and groups.
 */
export const readState = `
local out={}
local function plain(v)
  if type(v)~='table' then return tostring(v) end
  local t={}
  for i=1,#v do
    if v[i]=='seen-time' or v[i]=='active-time' or v[i]=='idle' or v[i]=='inactive' then v[i+1]='-' end
    t[i]=plain(v[i])
  end
  return '['..table.concat(t,' ')..']'
end
local length={string='STRLEN',list='LLEN',hash='HLEN',set='SCARD',zset='ZCARD',stream='XLEN'}
for db=0,3 do
  redis.call('SELECT',db)
  local keys=redis.call('KEYS','*')
  table.sort(keys)
  for _,key in ipairs(keys) do
    local kind=redis.call('TYPE',key).ok
    local expiry=redis.call('PEXPIRETIME',key)
    local value
    if kind=='stream' then
      value=plain(redis.call('XRANGE',key,'-','+'))..plain(redis.call('XINFO','STREAM',key))
      for _,group in ipairs(redis.call('XINFO','GROUPS',key)) do
        value=value..plain(group)..plain(redis.call('XINFO','CONSUMERS',key,group[2]))
        for _,p in ipairs(redis.call('XPENDING',key,group[2],'-','+',100)) do
          p[3]='-' value=value..plain(p)
        end
      end
    else
      value=redis.call('DUMP',key)
    end
    out[#out+1]={db,key,kind,redis.call('OBJECT','ENCODING',key),redis.call(length[kind],key),string.format('%.0f',expiry),value}
  end
end
return out`
