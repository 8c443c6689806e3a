/**
 * Markers: one hash a lane in the markers' database, `token` (whose batches may run), `done` (the last batch that ran) and
 * `replies` (what its writes were answered, packed). Everything here is one atomic step; the marker is written last in it.
 */

import { mayNotFlush } from './scripts.ts'

export const markerPrefix = 'holdfast:marker:'
const probeKey = 'holdfast:probe'

/** Instead of a number past 2^53, which a script cannot give by itself, to a user who may not read it. */
const unreadable = 'UNCERTAIN this command ran; its user may not read the number that it gave'

/** After this a batch starts no further command: the rest goes with the next one. */
const batchBudgetMicroseconds = '4000'

/**
 * A batch. KEYS: marker, record (empty without an in-sync set). ARGV: markers' database, the session's database, token, the
 * sequence that must have run last, run_id, then by command: a letter, the number of arguments, the arguments.
 * Letters: `r` read-only (not recorded), `k` read-only and recorded, `w` a write, `d` a write that Redis may refuse for memory, `u` the first of a
 * transaction in which one of those is, `c` a following command of a transaction. FLUSHALL (of the databases below the markers', for who
 * may FLUSHALL) has letters of its own: `f` instead of `w`, `g` of `u`, `h` of `c`.
 * Returns the status, the record's fields (see recordFields), how many ran, their replies.
 * Statuses: OK; ACL (the next one is not allowed to this user); MEMORY (the next one is a transaction that Redis
 * would refuse for memory); BARE (nothing was written, so no marker); all others: nothing ran. REFUSED (with Redis' words), RIGHTS (the user may
 * not keep the marker any more), GONE (no marker), LATE (another token or sequence), NORECORD, ERASED.
 *
 * The record is read in the same step as the writes, where nothing comes between: it is the one in force for them.
 * The probe tells in one step what Redis refuses to every write now. Without memory, a command that needs some must not run
 * behind another's write: Redis checks only a script's first one (scriptVerifyOOM in script.c). What is no write there (PUBLISH) leaves
 * that check to the marker, which no memory may be refused to any more: a DEL comes before it.
 * Once something has been written nothing may end the script but its end: what could be refused then is tried before, or by pcall.
 */
export const batchScript = `local K,A=KEYS,ARGV
local F={f='w',g='u',h='c'}
local call,pcall=redis.call,redis.pcall
if pcall('SELECT',A[1]).err then return {'RIGHTS'} end
local k=pcall('HMGET',K[1],'token','done')
if k.err or not k[2] then return {'GONE'} end
if k[1]~=A[3] or k[2]~=A[4] then return {'LATE'} end
if not redis.acl_check_cmd('HSET',K[1],'done',0) then return {'RIGHTS'} end
local out={'OK',false,false,false,false,false,false,0}
if A[5]~='' then
local f=call('HMGET',K[2],'epoch','node','version','members','commits','run')
if not f[6] then return {'ERASED'} end
if f[6]~=A[5] then return {'NORECORD'} end
for j=1,6 do out[1+j]=f[j] end
end
local oom=false
local p=pcall('SETRANGE','${probeKey}',0,'')
if type(p)=='table' then
if string.sub(p.err,1,3)~='OOM' then return {'REFUSED',p.err} end
oom=true
end
call('SELECT',A[2])
local rec,c,nrec={},0,0
local dirty=false
local t
local i,n=6,#A
while i<n do
local kind,last=A[i],i+1+A[i+1]
local flush=F[kind]
if flush then kind=flush end
if c>0 and kind~='c' then
if oom and dirty and (kind=='d' or kind=='u') then break end
if c%8==0 then
local now=pcall('TIME')
now=now.err and 0 or now[1]*1000000+now[2]
if not t then t=now+${batchBudgetMicroseconds} elseif now>t then break end
end
end
if oom and kind=='u' then out[1]='MEMORY' break end
local v
if flush then
if redis.acl_check_cmd('FLUSHALL') then
for d=0,A[1]-1 do call('SELECT',d) v=pcall('FLUSHDB',unpack(A,i+3,last)) end
call('SELECT',A[2])
else v={err="${mayNotFlush}"} end
else
v=pcall(unpack(A,i+2,last))
end
if type(v)=='number' then
if v>=9007199254740992 or v<=-9007199254740992 then
if A[i+1]=='4' then v=pcall('HGET',A[i+3],A[i+4]) else v=pcall('GET',A[i+3]) end
v=type(v)=='string' and {ok=':'..v} or {err='${unreadable}'}
end
elseif type(v)=='table' and v.err and kind~='c' and (string.find(v.err,'^NOPERM') or string.find(v.err,'^ERR ACL failure') or string.find(v.err,"^ERR The user executing the script can't ")) then
out[1]='ACL' break
end
c=c+1
out[8+c]=v
if kind~='r' then
nrec=nrec+1 rec[nrec]=v
if kind~='k' and not (oom and kind=='d') then dirty=true end
end
i=last+1
end
out[8]=c
call('SELECT',A[1])
if dirty then
if oom then pcall('DEL','${probeKey}') end
call('HSET',K[1],'done',A[4]+1,'replies',cmsgpack.pack(rec))
else
local m=nrec>0 and pcall('HSET',K[1],'done',A[4]+1,'replies',cmsgpack.pack(rec)) or {err=''}
if type(m)=='table' then out[1]=out[1]=='OK' and 'BARE' or out[1]..'BARE' end
end
if A[5]~='' then
pcall('HINCRBY',K[2],'commits',1)
end
return out`

/**
 * Makes a marker, and tries what batches do with this user. KEYS: marker, record, probe. ARGV: markers' database, database, token.
 */
export const openScript = `#!lua flags=allow-oom
redis.call('SELECT',ARGV[1])
redis.call('DEL',KEYS[1])
redis.call('HSET',KEYS[1],'token',ARGV[3],'done','0','replies',cmsgpack.pack({}))
redis.call('HMGET',KEYS[1],'token','done')
if KEYS[2]~='' and redis.call('HGET',KEYS[2],'run') then redis.call('HINCRBY',KEYS[2],'commits',0) end
redis.call('SETRANGE','${probeKey}',0,'')
redis.call('SELECT',ARGV[2])
return 1`

/**
 * After a connection was lost: from now on only batches with the new token run, so what is still on its way does not. KEYS:
 * marker. ARGV: markers' database, the new token. Returns GONE, or OK, the last batch that ran, and its writes' replies.
 */
export const recoverScript = `#!lua flags=allow-oom
redis.call('SELECT',ARGV[1])
local k=redis.pcall('HMGET',KEYS[1],'done','replies')
if k.err or not k[1] then return {'GONE'} end
redis.call('HSET',KEYS[1],'token',ARGV[2])
local out={'OK',tonumber(k[1])}
for j,v in ipairs(cmsgpack.unpack(k[2])) do out[2+j]=v end
return out`

/**
 * Forgets what a batch's writes were answered, when nobody can ask for it any more. KEYS: marker. ARGV: token, the sequence of that
 * batch. The markers' database is selected. Whatever came meanwhile is left as it is.
 */
export const trimScript = `#!lua flags=allow-oom
local k=redis.pcall('HMGET',KEYS[1],'token','done')
if k.err or k[1]~=ARGV[1] or k[2]~=ARGV[2] then return 0 end
redis.call('HSET',KEYS[1],'replies',cmsgpack.pack({}))
return 1`

/**
 * Before a transaction, with the marker watched: when it may not run, changes the marker, so that its EXEC gives null. KEYS:
 * marker. ARGV: token, the sequence that must have run last. The markers' database is selected.
 */
export const checkScript = `#!lua flags=allow-oom
local k=redis.pcall('HMGET',KEYS[1],'token','done')
if k.err or not k[2] then redis.call('DEL',KEYS[1]) return 'GONE' end
if k[1]==ARGV[1] and k[2]==ARGV[2] then return 'OK' end
redis.call('HINCRBY',KEYS[1],'late',1)
return 'LATE'`

/** Last in a transaction. KEYS: marker. ARGV: markers' database, sequence. */
export const markScript = `#!lua flags=allow-oom
redis.call('SELECT',ARGV[1])
local ok=redis.pcall('HSET',KEYS[1],'done',ARGV[2],'replies',cmsgpack.pack({}))
if type(ok)=='table' then redis.call('DEL',KEYS[1]) end
return 1`

/**
 * One confirmation of a lane that wrote nothing. KEYS: record. ARGV: markers' database, run_id of this connection's process.
 * Returns what the confirmScript returns.
 */
export const laneConfirmScript = `#!lua flags=allow-oom
redis.call('SELECT',ARGV[1])
local of=redis.call('HGET',KEYS[1],'run')
if not of then return redis.error_reply('ERASED the record of the in-sync set is gone') end
if of~=ARGV[2] then return redis.error_reply('NORECORD this node has not passed its gate') end
redis.call('HINCRBY',KEYS[1],'commits',1)
return redis.call('HMGET',KEYS[1],'epoch','node','version','members','commits','run')`

/** When each gateway was last seen, by its id, in seconds of the server's clock. */
export const gatewaysKey = 'holdfast:gateways'
/** A gateway that was not seen for so long is gone: nothing of it can still be on its way. */
const gatewayGoneSeconds = '86400'

/**
 * Says that a gateway lives, and takes away what those left that are gone. A live one whose markers vanish (its clock stood
 * wrong) makes them anew: nothing runs twice for it. ARGV: the gateway's id. The markers' database is selected.
 */
export const careScript = `#!lua flags=allow-oom
local now=tonumber(redis.call('TIME')[1])
redis.call('HSET','${gatewaysKey}',ARGV[1],now)
local seen=redis.call('HGETALL','${gatewaysKey}')
local removed=0
for i=1,#seen,2 do
if math.abs(now-seen[i+1])>${gatewayGoneSeconds} then
for _,key in ipairs(redis.call('KEYS','${markerPrefix}'..seen[i]..':*')) do redis.call('DEL',key) removed=removed+1 end
redis.call('HDEL','${gatewaysKey}',seen[i])
end
end
return removed`
