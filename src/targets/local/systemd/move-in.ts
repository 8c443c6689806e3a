import { execFile } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readIfExists, writeFileDurably } from '../../../platform/files.ts'
import type { TargetContext } from '../../target.ts'
import { localPaths, type LocalPaths } from '../paths.ts'
import { remove } from '../remove.ts'

const aside = (stateDir: string) => `${stateDir}.moved`

/**
 * Takes over what the embedded supervisor has of the same deployment: it is stopped, and its data, secrets and settings are copied.
 * The topology comes last: whoever finds it finds all. The old directory is put aside, and removed by `forgetMoved`.
 */
export async function moveIn(
  paths: LocalPaths,
  embeddedStateDir: string,
  context: TargetContext,
): Promise<void> {
  const embedded = localPaths(embeddedStateDir)
  if (existsSync(paths.topology) || !existsSync(embedded.topology)) return
  context.progress.step(`moving ${embeddedStateDir} to ${paths.stateDir}`)
  await remove(embedded, { purge: false }, context)
  for (const name of ['version', 'swap.json', 'secrets', 'nodes']) {
    const [from, to] = [join(embeddedStateDir, name), join(paths.stateDir, name)]
    rmSync(to, { recursive: true, force: true })
    if (existsSync(from)) cpSync(from, to, { recursive: true, preserveTimestamps: true })
  }
  correctPaths(paths, embeddedStateDir)
  await promisify(execFile)('sync')
  writeFileDurably(paths.topology, readFileSync(embedded.topology))
  renameSync(embeddedStateDir, aside(embeddedStateDir))
}

/** Sentinel keeps its file for itself, with its directory in it; the other files of a node are written anew when it starts. */
function correctPaths({ stateDir }: LocalPaths, former: string): void {
  const nodes = join(stateDir, 'nodes')
  for (const node of existsSync(nodes) ? readdirSync(nodes) : []) {
    const file = join(nodes, node, 'sentinel.conf')
    const text = readIfExists(file)
    if (text !== null) writeFileDurably(file, text.replaceAll(`${former}/`, `${stateDir}/`))
  }
}

/** Once it all runs where it is now. */
export function forgetMoved(embeddedStateDir: string): void {
  rmSync(aside(embeddedStateDir), { recursive: true, force: true })
}
