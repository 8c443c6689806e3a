import type { Request } from '../resp/request.ts'
import { factsOf, type CommandFacts, type CommandTable } from './command-table.ts'

/**
 * Which way a command takes.
 * - `read`: sent as it is, and again when its answer is lost.
 * - `write`: changes data; within a batch when a script can carry it, else as a transaction of its own.
 * - `once`: anything else the server knows: sent as it is, and never again.
 * - `door`: sets the session up; tried on a connection of its own.
 * - `blocking`: waits for others; holds nothing up meanwhile.
 * - the others are the gateway's own business.
 */
export type Route =
  | 'read'
  | 'write'
  | 'once'
  | 'door'
  | 'blocking'
  | 'subscription'
  | 'monitor'
  | 'watch'
  | 'unwatch'
  | 'tracking'
  | 'client-id'
  | 'unblock'
  | 'multi'
  | 'exec'
  | 'discard'
  | 'reset'
  | 'quit'

const named = new Map<string, Route>([
  ['AUTH', 'door'],
  ['HELLO', 'door'],
  ['SELECT', 'door'],
  ['MULTI', 'multi'],
  ['EXEC', 'exec'],
  ['DISCARD', 'discard'],
  ['WATCH', 'watch'],
  ['UNWATCH', 'unwatch'],
  ['SUBSCRIBE', 'subscription'],
  ['UNSUBSCRIBE', 'subscription'],
  ['PSUBSCRIBE', 'subscription'],
  ['PUNSUBSCRIBE', 'subscription'],
  ['SSUBSCRIBE', 'subscription'],
  ['SUNSUBSCRIBE', 'subscription'],
  ['MONITOR', 'monitor'],
  ['RESET', 'reset'],
  ['QUIT', 'quit'],
  ['WAIT', 'blocking'],
  ['WAITAOF', 'blocking'],
  // without effect on data, though the server does not flag them as read-only
  ['PING', 'read'],
  ['ECHO', 'read'],
  ['TIME', 'read'],
  ['LASTSAVE', 'read'],
  ['INFO', 'read'],
  ['ROLE', 'read'],
  ['COMMAND', 'read'],
  ['READONLY', 'read'],
  ['READWRITE', 'read'],
  // they have effects, though the server does not flag them as writes
  ['PUBLISH', 'write'],
  ['SPUBLISH', 'write'],
  ['EVAL', 'write'],
  ['EVALSHA', 'write'],
  ['FCALL', 'write'],
])

/** They only say something about the server, though it does not flag them as read-only. */
const questions = new Set(
  Object.entries({
    ACL: 'CAT DRYRUN GENPASS GETUSER HELP LIST USERS WHOAMI',
    CONFIG: 'GET HELP',
    FUNCTION: 'DUMP HELP LIST STATS',
    LATENCY: 'DOCTOR GRAPH HELP HISTOGRAM HISTORY LATEST',
    MEMORY: 'DOCTOR HELP MALLOC-STATS STATS USAGE',
    MODULE: 'HELP LIST',
    PUBSUB: 'CHANNELS HELP NUMPAT NUMSUB SHARDCHANNELS SHARDNUMSUB',
    SCRIPT: 'EXISTS HELP',
    SLOWLOG: 'GET HELP LEN',
  }).flatMap(([container, subcommands]) => subcommands.split(' ').map((one) => `${container} ${one}`)),
)

const clients = new Map<string, Route>([
  ['SETNAME', 'door'],
  ['GETNAME', 'door'],
  ['SETINFO', 'door'],
  ['NO-EVICT', 'door'],
  ['NO-TOUCH', 'door'],
  ['ID', 'client-id'],
  ['UNBLOCK', 'unblock'],
  ['TRACKING', 'tracking'],
  ['TRACKINGINFO', 'tracking'],
  ['CACHING', 'tracking'],
  ['GETREDIR', 'tracking'],
])

/** @returns with the facts, unless the server would not take the command: then it is to say so itself, which changes nothing */
export function routeOf(
  request: Request,
  table: CommandTable,
): { readonly route: Route; readonly facts: CommandFacts | undefined } {
  const facts = factsOf(request, table)
  const route = named.get(request.name)
  if (route !== undefined) return { route: route === 'write' && facts === undefined ? 'read' : route, facts }
  if (request.name === 'CLIENT') return { route: clients.get(request.keyword(1)) ?? 'once', facts }
  if (facts === undefined) return { route: 'read', facts }
  if (blocks(request, facts)) return { route: 'blocking', facts }
  if (facts.write) return { route: 'write', facts }
  const isQuestion = facts.readOnly || questions.has(`${request.name} ${request.keyword(1)}`)
  return { route: isQuestion ? 'read' : 'once', facts }
}

/** XREAD and XREADGROUP block only when they are told to. */
function blocks(request: Request, facts: CommandFacts): boolean {
  if (!facts.blocking) return false
  if (request.name !== 'XREAD' && request.name !== 'XREADGROUP') return true
  for (let at = 1; at < request.argc; at++) {
    const word = request.keyword(at)
    if (word === 'STREAMS') return false
    if (word === 'BLOCK') return true
  }
  return false
}
