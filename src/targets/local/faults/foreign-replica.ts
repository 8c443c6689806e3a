import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { serverBinary } from '../../../agent/servers.ts'
import { HoldfastError } from '../../../errors.ts'
import { readIfExists, writeFileDurably } from '../../../platform/files.ts'
import { findManaged, spawnManaged } from '../../../platform/managed-process.ts'
import type { Topology } from '../../../topology/topology.ts'
import type { LocalPaths } from '../paths.ts'
import { requireSecrets } from '../state-files.ts'
import { nodeAt } from './network.ts'
import type { UndoJournal } from './undo-journal.ts'

export const foreignComponent = 'foreign-replica'

/** It tries again every second: refused twice is no accident. */
const refusals = 2
const withinMs = 15_000
const attachedLine = /MASTER <-> REPLICA sync: (?:Finished|receiving)|Successful partial resynchronization/
const refusedLine =
  /Unable to AUTH to MASTER|MASTER aborted replication|NOAUTH|NOPERM|WRONGPASS|Unexpected reply to PSYNC/

/**
 * Starts a redis-server that is none of the deployment's and tells it to replicate a node.
 * @param as with no password, or with that of the applications
 * @returns whether it got data, and what it says about it
 */
export async function attachForeign(
  paths: LocalPaths,
  topology: Topology,
  journal: UndoJournal,
  node: number,
  as: 'nobody' | 'application',
): Promise<{ readonly attached: boolean; readonly says: string }> {
  const { address, redisPort } = nodeAt(topology, node)
  const directory = join(paths.run, foreignComponent)
  const configuration = join(directory, 'redis.conf')
  const logFile = join(directory, 'redis.log')
  journal.note({ kind: 'end', component: foreignComponent })
  await endForeign(paths)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileDurably(
    configuration,
    [
      'bind 127.0.0.1',
      `port ${await freePort()}`,
      `requirepass ${randomBytes(24).toString('hex')}`,
      `replicaof ${address} ${redisPort}`,
      ...(as === 'application' ? [`masterauth ${quoted(requireSecrets(paths).password)}`] : []),
      'save ""',
      'appendonly no',
      'logfile ""',
      'daemonize no',
      'set-proc-title no',
      `dir ${quoted(directory)}`,
      '',
    ].join('\n'),
  )
  const foreign = await spawnManaged({
    component: foreignComponent,
    deployment: paths.stateDir,
    argv: [serverBinary(), configuration],
    env: { LANG: 'C.UTF-8' },
    cwd: directory,
    logFile,
    umask: 0o077,
  })
  const deadline = performance.now() + withinMs
  for (;;) {
    const lines = (readIfExists(logFile) ?? '').split('\n')
    const got = lines.find((line) => attachedLine.test(line))
    if (got !== undefined) return { attached: true, says: sentenceOf(got) }
    const refused = lines.filter((line) => refusedLine.test(line))
    if (refused.length >= refusals) return { attached: false, says: sentenceOf(refused.at(-1) ?? '') }
    if (performance.now() > deadline || !foreign.alive()) {
      const last = lines.filter((line) => line !== '').at(-1) ?? 'nothing'
      throw new HoldfastError(
        'TIMEOUT',
        `the foreign replica was neither refused nor attached; it says: ${last}`,
      )
    }
    await delay(50)
  }
}

/** Ends it, if it runs, and takes its files away. */
export async function endForeign({ stateDir, run }: LocalPaths): Promise<void> {
  for (const found of findManaged(stateDir)) {
    if (found.component === foreignComponent) await found.stop({ graceMs: 1000 })
  }
  rmSync(join(run, foreignComponent), { recursive: true, force: true })
}

/** `123:S 01 Jan 2026 00:00:00.000 * Words` without what stands before the words. */
function sentenceOf(line: string): string {
  return line.replace(/^\d+:\w .*?\d{2}:\d{2}:\d{2}\.\d{3} [.*#-] /, '').trim()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
