import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateDirectory, rotateLog, writeFileDurably } from '../../platform/files.ts'
import { createLogger, type Logger } from '../../platform/log.ts'
import { codeVersion } from './code-version.ts'
import { serveControl } from './control.ts'
import { findRunning } from './find-running.ts'
import { Launcher } from './launcher.ts'
import { localPaths, type LocalPaths } from './paths.ts'
import { takeProcessLock } from './process-lock.ts'
import { inheritedSockets } from './standby.ts'
import { Supervisor } from './supervisor.ts'

const rotateEveryMs = 10_000

/**
 * The embedded supervisor of one deployment, in the foreground. One at a time: another that lives makes this one end.
 * @param options.signal aborted: stops everything in order, then ends
 * @returns the exit code
 */
export async function runSupervisor({
  stateDir,
  signal,
}: {
  readonly stateDir: string
  readonly signal: AbortSignal
}): Promise<number> {
  const log = createLogger('supervisor')
  const paths = localPaths(stateDir)
  process.umask(0o077)
  makePrivateDirectory(paths.run)
  const lock = takeProcessLock(paths.supervisorLock)
  if ('heldBy' in lock) {
    log.info({ supervisor: lock.heldBy }, 'another supervisor runs')
    return 0
  }
  writeFileDurably(paths.fingerprint('supervisor'), codeVersion('other'))
  const inherited = inheritedSockets(process.env)
  const supervisor = new Supervisor({
    paths,
    log,
    workshop: (options) => new Launcher({ paths, log, inherited, ...options }),
    find: (topology) => findRunning(paths, topology),
  })
  const asked = Promise.withResolvers<undefined>()
  const control = await serveControl(
    paths.supervisorSocket,
    supervisor.handlers(() => {
      asked.resolve(undefined)
    }),
  )
  const rotation = setInterval(() => {
    rotateLogs(paths, log)
  }, rotateEveryMs)
  const shutdown = () => {
    supervisor.shutdown().then(() => {
      asked.resolve(undefined)
    }, asked.reject)
  }
  if (signal.aborted) shutdown()
  else signal.addEventListener('abort', shutdown, { once: true })
  try {
    if (!signal.aborted) await supervisor.begin()
    await asked.promise
  } finally {
    clearInterval(rotation)
    rmSync(paths.supervisorSocket, { force: true })
    control.close()
    lock.release()
  }
  log.info('ends')
  return 0
}

function rotateLogs(paths: LocalPaths, log: Logger): void {
  for (const name of readdirSync(paths.logs).filter((entry) => entry.endsWith('.log'))) {
    try {
      rotateLog(join(paths.logs, name))
    } catch (error) {
      log.warn({ err: error, name }, 'a log cannot be rotated')
    }
  }
}
