import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readIfExists } from '../../platform/files.ts'
import { roleArgv } from './component-specs.ts'

const source = join(import.meta.dirname, '../..')
const patienceMs = 30_000

/**
 * Fills Node's compile cache for the present sources, when it is not yet: a process that does not find itself there keeps
 * Node's TypeScript parser, some 15 MB, for as long as it lives. Costs a second once, and nothing fails without it.
 * @param env with NODE_COMPILE_CACHE, a directory; without: there is no cache
 * @returns whether it was filled now
 */
export async function warmCompileCache(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  const directory = env.NODE_COMPILE_CACHE
  if (directory === undefined || directory === '') return false
  const stampFile = join(directory, 'holdfast-warm')
  try {
    const [program = '', ...args] = roleArgv('warm-up', [])
    const stamp = stampOf([program, ...args])
    if (readIfExists(stampFile) === stamp) return false
    await promisify(execFile)(program, args, { env, signal, timeout: patienceMs })
    writeFileSync(stampFile, stamp)
    return true
  } catch {
    // What keeps it from loading is said by the process that needs it.
    return false
  }
}

/** Another one after an edit, `git pull`, new dependencies or another Node. */
function stampOf(argv: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([process.version, argv]))
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).toSorted()
  for (const file of [...files, '../package-lock.json']) {
    const { size, mtimeMs } = statSync(join(source, file))
    hash.update(`${file} ${String(size)} ${String(mtimeMs)}\n`)
  }
  return hash.digest('hex')
}
