/** Why commands that a server has do not go into batches, for readers of docs/commands.md. */
export const excluded: readonly { readonly why: string; readonly names: string }[] = [
  {
    why: 'its numbers may pass 2^53, where those of a script are inexact',
    names: 'BITFIELD BITFIELD_RO TTL PTTL EXPIRETIME PEXPIRETIME XPENDING XINFO',
  },
  { why: 'there are null arrays within the reply', names: 'GEOPOS' },
  { why: 'it does something else within a script', names: 'SORT SORT_RO' },
  { why: 'its reply may be huge', names: 'KEYS' },
  { why: 'it waits for others', names: 'BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT' },
  { why: 'it is a script of its own that keeps what Holdfast needs', names: 'FLUSHALL' },
  {
    why: 'it runs scripts or defines them',
    names: 'EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO SCRIPT FUNCTION',
  },
  {
    why: 'it is about the connection',
    names:
      'AUTH HELLO SELECT CLIENT RESET QUIT MULTI EXEC DISCARD WATCH UNWATCH MONITOR SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE ASKING READONLY READWRITE',
  },
  {
    why: 'it is about the server',
    names:
      'ACL BGREWRITEAOF BGSAVE CLUSTER COMMAND CONFIG DEBUG FAILOVER INFO LATENCY LOLWUT MEMORY MODULE PUBSUB ROLE SAVE SHUTDOWN SLOWLOG',
  },
  {
    why: 'it is for servers among themselves, or for tests',
    names: 'MIGRATE PFDEBUG PFSELFTEST PSYNC REPLCONF REPLICAOF RESTORE-ASKING SLAVEOF SYNC',
  },
]
