import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { presentError } from './present-error.ts'
import { isRole, runRole } from './roles.ts'
import { createShutdown } from './shutdown.ts'

useCompileCache(fileURLToPath(new URL('../../', import.meta.url)))
process.stdout.on('error', endQuietlyWhenReaderLeft)

const shutdown = createShutdown(process)
const exitCode = await main(process.argv.slice(2), shutdown.signal).catch((error: unknown) =>
  presentError(error, { interrupted: shutdown.interrupted(), write: (text) => process.stderr.write(text) }),
)
const finalCode = exitCode === 0 && shutdown.interrupted() ? 130 : exitCode
// Whatever a role still holds open must not keep it alive; what was printed must reach its reader first.
process.stdout.write('', () => process.exit(finalCode))

/** Roles go around the command-line parser: every process of a deployment would pay 10 MB for it. */
async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const [first, ...rest] = argv
  if (first !== undefined && isRole(first) && !rest.includes('--help') && !rest.includes('-h')) {
    return await runRole(first, rest, { env: process.env, signal })
  }
  const { runProgram } = await import('./program.ts')
  return await runProgram(argv, { env: process.env, signal })
}

function endQuietlyWhenReaderLeft(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}

/**
 * What was compiled once is taken from there: a process starts in less time, and one that finds all of it there saves the
 * TypeScript parser, 17 MB (measured). The variable hands it on to the processes that this one starts.
 */
function useCompileCache(root: string): void {
  // Root leaves nothing in somebody else's clone.
  if (statSync(root).uid !== process.getuid?.()) return
  process.env.NODE_COMPILE_CACHE ??= join(root, '.holdfast', '.compile-cache')
  enableCompileCache(process.env.NODE_COMPILE_CACHE)
}
