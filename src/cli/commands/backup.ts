import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { withoutSecrets } from '../../backup/manifest.ts'
import { HoldfastError } from '../../errors.ts'
import { writeSpec } from '../../spec/write.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'
import { formatBytes } from '../status-text.ts'
import { ownVersion } from '../versions.ts'

/** Writes all data into a file; in a directory under a name of its own. */
export async function backup(
  context: CommandContext,
  { overwrite = false, json = false }: { readonly overwrite?: boolean; readonly json?: boolean },
  [place = '']: readonly string[],
): Promise<number> {
  const { spec, target } = await openDeployment(context)
  if (target.backup === undefined) {
    throw new HoldfastError('UNSUPPORTED', `the target ${target.kind} has no backup yet`, { exitCode: 2 })
  }
  const file = fileFor(resolve(place), spec.name)
  const request = { file, overwrite, spec: withoutSecrets(writeSpec(spec)), holdfast: await ownVersion() }
  const take = target.backup.bind(target)
  return await runWithProgress(context, 'no file was written', async (targetContext) => {
    const { bytes, manifest } = await take(request, targetContext)
    if (json) {
      const { spec: _, ...rest } = manifest
      context.print(JSON.stringify({ file, bytes, ...rest }, null, 2))
      return 0
    }
    context.print(`${spec.name} is saved in ${file} (${formatBytes(bytes)}, from ${manifest.node}).`)
    context.print(`  bring it back: ./holdfast restore ${shown(file)}`)
    return 0
  })
}

function fileFor(place: string, name: string): string {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return place
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return join(place, `${name}-${time}.backup`)
}

function shown(file: string): string {
  const here = `${process.cwd()}/`
  return file.startsWith(here) ? file.slice(here.length) : file
}
