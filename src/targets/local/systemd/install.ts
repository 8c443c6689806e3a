import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { syncDirectory } from '../../../platform/files.ts'
import { codeVersion } from '../code-version.ts'
import { roleArgv, type Code } from '../component-specs.ts'
import { systemCache, systemCode, systemConfig, systemState, systemUser } from './places.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../../..')

interface SystemIds {
  readonly uid: number
  readonly gid: number
}

/**
 * Makes what every deployment under systemd needs: the user, the directories, and a copy of the code and of Node that the user
 * can read, wherever the clone is.
 */
export async function installSystem(stateDir: string, name: string): Promise<Code> {
  const ids = await ensureUser()
  mkdirSync(systemState, { recursive: true })
  chmodSync(systemState, 0o755)
  mkdirSync(join(systemConfig, name), { recursive: true, mode: 0o700 })
  for (const directory of [stateDir, systemCache]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    chownSync(directory, ids.uid, ids.gid)
    chmodSync(directory, 0o700)
  }
  const code = installCode()
  await warm(code, ids)
  return code
}

/** What was written while nothing ran, by whomever, belongs to those who run. */
export async function giveToUser(directory: string): Promise<void> {
  await run('chown', ['-R', '-h', `${systemUser}:${systemUser}`, directory])
}

async function ensureUser(): Promise<SystemIds> {
  const known = await readIds()
  if (known !== null) return known
  const home = ['--home-dir', systemState, '--no-create-home', '--shell', '/usr/sbin/nologin']
  await run('useradd', ['--system', '--user-group', ...home, '--comment', 'Holdfast', systemUser])
  const made = await readIds()
  if (made === null) throw new Error(`useradd made no user ${systemUser}`)
  return made
}

async function readIds(): Promise<SystemIds | null> {
  try {
    const { stdout } = await run('getent', ['passwd', systemUser])
    const [, , uid, gid] = stdout.split(':')
    return { uid: Number(uid), gid: Number(gid) }
  } catch {
    return null
  }
}

function installCode(): Code {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const place = join(systemCode, `${version}-${codeVersion('all')}`)
  putInPlace(place, (staged) => {
    for (const name of ['src', 'package.json', 'package-lock.json', ...runtimePackages()]) {
      cpSync(join(root, name), join(staged, name), { recursive: true })
    }
  })
  return { main: join(place, 'src/cli/main.ts'), node: installNode() }
}

/** Of a system's package it stays where it is. */
function installNode(): string {
  if (process.execPath.startsWith('/usr/')) return process.execPath
  const place = join(systemCode, `node-${process.versions.node}`)
  putInPlace(place, (staged) => {
    mkdirSync(join(staged, 'bin'), { recursive: true })
    cpSync(process.execPath, join(staged, 'bin/node'))
  })
  return join(place, 'bin/node')
}

/** Beside its place, then moved there: it is whole, or not there. */
function putInPlace(place: string, fill: (staged: string) => void): void {
  if (existsSync(place)) return
  const staged = join(dirname(place), `.staged-${String(process.pid)}`)
  rmSync(staged, { recursive: true, force: true })
  mkdirSync(staged, { recursive: true, mode: 0o755 })
  fill(staged)
  renameSync(staged, place)
  syncDirectory(dirname(place))
}

/** What development needs, and what only the target kubernetes does, stays behind. */
function runtimePackages(): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>
  }
  return Object.entries(lock.packages).flatMap(([path, { dev = false, optional = false }]) =>
    path === '' || dev || optional || !existsSync(join(root, path)) ? [] : [path],
  )
}

/** Nothing fails without it: it saves memory and time, see warm-cache.ts. */
async function warm(code: Code, ids: SystemIds): Promise<void> {
  const [program = '', ...args] = roleArgv('warm-up', [], code)
  const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: systemCache }
  const stamp = join(systemCache, `warm-${codeVersion('all')}`)
  if (existsSync(stamp)) return
  await run(program, args, { env, ...ids, cwd: '/', timeout: 30_000 }).catch(() => undefined)
  mkdirSync(stamp, { recursive: true })
}

/** Removes copies of code that no unit starts any more. @param inUse the texts of all units */
export function removeOldCode(inUse: string): void {
  if (!existsSync(systemCode)) return
  for (const name of readdirSync(systemCode)) {
    const place = join(systemCode, name)
    if (!inUse.includes(`${place}/`)) rmSync(place, { recursive: true, force: true })
  }
}

/** Once no deployment is left. */
export async function uninstallSystem(): Promise<void> {
  for (const directory of [systemState, systemConfig, systemCode, systemCache]) {
    rmSync(directory, { recursive: true, force: true })
  }
  if ((await readIds()) !== null) await run('userdel', [systemUser])
}
