import { readFile } from 'node:fs/promises'

import { findProgram, readOutput } from '../platform/run-program.ts'

/** Of Holdfast, and of the programs that it finds on this machine; null: not installed. */
export interface Versions {
  readonly holdfast: string
  readonly node: string
  readonly 'redis-server': string | null
  readonly 'valkey-server': string | null
  readonly haproxy: string | null
}

export async function readVersions(env: NodeJS.ProcessEnv): Promise<Versions> {
  const [holdfast, redis, valkey, haproxy] = await Promise.all([
    ownVersion(),
    versionOf('redis-server', ['--version'], /\bv=(\S+)/, env),
    versionOf('valkey-server', ['--version'], /\bv=(\S+)/, env),
    versionOf('haproxy', ['-v'], /^HAProxy version (\S+)/i, env),
  ])
  return { holdfast, node: process.versions.node, 'redis-server': redis, 'valkey-server': valkey, haproxy }
}

export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function versionOf(
  name: string,
  args: readonly string[],
  pattern: RegExp,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  const program = findProgram([name], env)
  if (program === null) return null
  return pattern.exec(await readOutput(program, args))?.[1] ?? null
}
