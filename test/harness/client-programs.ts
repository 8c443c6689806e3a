import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program in test/clients: a Redis client that nobody changed, doing what such programs do. */
export interface ClientProgram {
  /** `node-redis-3`: the client and the protocol that it speaks. Its keys begin with that. */
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  readonly resp: 2 | 3
}

const directory = join(import.meta.dirname, '../clients')
/** The distribution's own, which has its package python3-redis; another one may come first in PATH. */
const python = '/usr/bin/python3'
const hiredis = '/usr/include/hiredis/hiredis.h'

/**
 * Every client that is here, once for each protocol that it speaks.
 * @param into a directory for what has to be compiled
 * @throws where CI is set and one of them is missing, with the package that has it
 */
export function clientPrograms(into: string): readonly ClientProgram[] {
  const node = (name: string) => both(name, [process.execPath, join(directory, 'node', `${name}.ts`)])
  const shell = (name: string) => both(name, ['/bin/sh', join(directory, 'sh', `${name}.sh`)])
  return [
    ...both('hiredis', compiled(into)).filter(({ resp }) => resp === 2 || hiredisMajor() >= 1),
    // The python3-redis of Debian 12 and Ubuntu 24.04 speaks RESP2 only.
    ...both('redis-py', fromPython('ordinary.py')).slice(0, 1),
    ...both('careless', fromPython('careless.py')).slice(0, 1),
    ...node('ioredis'),
    ...node('node-redis'),
    ...shell('redis-cli'),
    ...shell('redis-benchmark'),
  ]
}

function both(name: string, argv: ClientProgram['argv'] | null): readonly ClientProgram[] {
  return argv === null ? [] : ([2, 3] as const).map((resp) => ({ name: `${name}-${resp}`, argv, resp }))
}

function fromPython(file: string): ClientProgram['argv'] | null {
  try {
    execFileSync(python, ['-c', 'import redis; redis.Redis'], { stdio: 'ignore' })
    return [python, join(directory, 'python', file)]
  } catch {
    return absent('python3-redis')
  }
}

function compiled(into: string): ClientProgram['argv'] | null {
  if (!existsSync(hiredis)) return absent('libhiredis-dev')
  const program = join(into, 'hiredis')
  const source = join(directory, 'c', 'ordinary.c')
  try {
    execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-o', program, source, '-lhiredis', '-lpthread'])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent('gcc')
    throw error
  }
  return [program]
}

/** RESP3 came with 1.0. */
function hiredisMajor(): number {
  return Number(/#define HIREDIS_MAJOR (\d+)/.exec(readFileSync(hiredis, 'utf8'))?.[1])
}

function absent(name: string): null {
  if (process.env.CI) throw new Error(`${name} is missing (apt-get install ${name})`)
  return null
}
