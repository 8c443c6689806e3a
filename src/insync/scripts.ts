/**
 * What changes the record, as Lua that Redis runs in one step. All run with the markers' database selected and the
 * record's key as KEYS[1]; `allow-oom` because a confirmation frees nobody's memory by being refused.
 * Only writeRecordScript creates a record.
 */

const fieldList = "'epoch','node','version','members','commits','run'"

/**
 * A process that restarted holds the record of its former life. It must not count commits or versions on it before its
 * gate has passed: after a power cut they decide who knows most. A record that was erased is another matter: the
 * primary's agent writes it again, in the same reign.
 */
const sameRun = `local run=string.match(redis.call('INFO','server'),'run_id:(%x+)')
local of=redis.call('HGET',KEYS[1],'run')
if not of then return redis.error_reply('ERASED the record of the in-sync set is gone') end
if of~=run then return redis.error_reply('NORECORD this node has not passed its gate') end`

/**
 * One confirmation: counts a commit and returns the record, in the order of recordFields, then the run_id; the errors
 * NORECORD when this process has no record of its own, ERASED when there is none. A write, so that WAIT on the same connection covers everything before it.
 */
export const confirmScript = `#!lua flags=allow-oom
${sameRun}
redis.call('HINCRBY',KEYS[1],'commits',1)
local record=redis.call('HMGET',KEYS[1],${fieldList})
record[#record+1]=run
return record`

/** Replaces the record. ARGV: field, value, … Only for a gate that has passed, and for a reign whose record was erased. */
export const writeRecordScript = `#!lua flags=allow-oom
redis.call('DEL',KEYS[1])
redis.call('HSET',KEYS[1],unpack(ARGV))
return 1`

/**
 * Compare-and-swap of the members. ARGV: epoch, node, version as expected; the new members ("0,2").
 * Returns 1 when swapped (the version is then one more), 0 when somebody else was first.
 */
export const swapMembersScript = `#!lua flags=allow-oom
${sameRun}
local now=redis.call('HMGET',KEYS[1],'epoch','node','version')
if now[1]~=ARGV[1] or now[2]~=ARGV[2] or now[3]~=ARGV[3] then return 0 end
redis.call('HSET',KEYS[1],'version',tostring(tonumber(ARGV[3])+1),'members',ARGV[4])
return 1`

/** Redis' own words. */
export const mayNotFlush = "NOPERM this user has no permissions to run the 'flushall' command"

/**
 * FLUSHALL that keeps the record and the markers. ARGV[1]: 'SYNC', 'ASYNC' or ''. ARGV[2]: the markers' database, above all
 * others. May run with any database selected; Redis restores the caller's. Who may not FLUSHALL may yet FLUSHDB.
 */
export const flushAllScript = `#!lua flags=allow-oom
if not redis.acl_check_cmd('FLUSHALL') then return redis.error_reply("${mayNotFlush}") end
for d=0,ARGV[2]-1 do
redis.call('SELECT',d)
if ARGV[1]=='' then redis.call('FLUSHDB') else redis.call('FLUSHDB',ARGV[1]) end
end
return redis.status_reply('OK')`
