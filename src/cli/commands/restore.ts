import { statSync } from 'node:fs'
import { resolve } from 'node:path'

import type { BackupManifest } from '../../backup/manifest.ts'
import { HoldfastError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { runWithProgress } from '../run-target.ts'
import { formatBytes } from '../status-text.ts'
import { readWanted, specOption } from './up.ts'

interface RestoreOptions {
  readonly check?: boolean
  readonly overwrite?: boolean
  readonly json?: boolean
}

/** Brings back what a backup holds; with `check` only reads it. */
export async function restore(
  context: CommandContext,
  { check = false, overwrite = false, json = false }: RestoreOptions,
  [place = '']: readonly string[],
): Promise<number> {
  const file = resolve(place)
  if (check) return await checkFile(file, json, context)
  const deployment = await openDeployment(context)
  const { spec, target } = deployment
  if (target.restore === undefined) {
    throw new HoldfastError('UNSUPPORTED', `the target ${target.kind} has no restore yet`, { exitCode: 2 })
  }
  const request = { file, overwrite, ...(await readWanted(deployment, context)) }
  const bring = target.restore.bind(target)
  const up = `./holdfast up${specOption(context)}`
  const goOn = `the same command again begins anew; ${up} starts what is stopped`
  return await runWithProgress(context, goOn, async (targetContext) => {
    const { manifest, keys, aside } = await bring(request, targetContext)
    if (json) {
      const { spec: _, ...rest } = manifest
      context.print(JSON.stringify({ file, keys, aside, ...rest }, null, 2))
      return 0
    }
    context.print(
      `${spec.name} is up with the data of ${manifest.deployment} from ${manifest.created}: ${keys} keys.`,
    )
    if (aside !== null) context.print(`  the data from before: ${aside} (remove it when nobody needs it)`)
    context.print(`  look:     ./holdfast status${specOption(context)}`)
    return 0
  })
}

async function checkFile(file: string, json: boolean, context: CommandContext): Promise<number> {
  const { readFileWhole } = await import('../../backup/read-file.ts')
  const manifest = await readFileWhole(file, context.signal)
  context.print(json ? JSON.stringify({ file, ...manifest }, null, 2) : describe(file, manifest))
  return 0
}

function describe(file: string, manifest: BackupManifest): string {
  const { deployment, created, server, node, holdfast } = manifest
  return [
    `${file} is whole (${formatBytes(statSync(file).size)}).`,
    `  of:       ${deployment}, everything that was answered before ${created}`,
    `  from:     ${node}, ${server.name} ${server.version}, Holdfast ${holdfast}`,
  ].join('\n')
}
