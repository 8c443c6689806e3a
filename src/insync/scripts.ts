/**
 * What changes the record, as Lua that Redis runs in one step. All run with the markers' database selected and the
 * record's key as KEYS[1]; `allow-oom` because a confirmation frees nobody's memory by being refused.
 * They never create a record: that is the gate's alone.
 */

const fieldList = "'epoch','node','version','members','commits','replid'"

/**
 * One confirmation: counts a commit and returns the record, in the order of recordFields.
 * A write, so that WAIT on the same connection covers everything before it.
 * Returns the error NORECORD when there is no record.
 */
export const confirmScript = `#!lua flags=allow-oom
if redis.call('EXISTS',KEYS[1])==0 then return redis.error_reply('NORECORD no in-sync record on this node') end
redis.call('HINCRBY',KEYS[1],'commits',1)
return redis.call('HMGET',KEYS[1],${fieldList})`

/**
 * Compare-and-swap of the members. ARGV: epoch, node, version as expected; the new members ("0,2").
 * Returns 1 when swapped (the version is then one more), 0 when somebody else was first.
 */
export const swapMembersScript = `#!lua flags=allow-oom
local now=redis.call('HMGET',KEYS[1],'epoch','node','version')
if now[1]~=ARGV[1] or now[2]~=ARGV[2] or now[3]~=ARGV[3] then return 0 end
redis.call('HSET',KEYS[1],'version',tostring(tonumber(ARGV[3])+1),'members',ARGV[4])
return 1`

/**
 * FLUSHALL that keeps the record. ARGV[1]: 'SYNC', 'ASYNC' or ''. ARGV[2]: the markers' database.
 * May run with any database selected; Redis restores the caller's.
 */
export const flushAllScript = `#!lua flags=allow-oom
redis.call('SELECT',ARGV[2])
local kept=redis.call('HGETALL',KEYS[1])
if ARGV[1]=='' then redis.call('FLUSHALL') else redis.call('FLUSHALL',ARGV[1]) end
redis.call('SELECT',ARGV[2])
if #kept>0 then redis.call('HSET',KEYS[1],unpack(kept)) end
return redis.status_reply('OK')`
