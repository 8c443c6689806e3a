import { statSync } from 'node:fs'
import { resolve } from 'node:path'

import { HoldfastError } from '../../errors.ts'
import { resolvePassword } from '../../spec/password.ts'
import type { Spec } from '../../spec/schema.ts'
import { isUnderSystemd } from '../../targets/local/systemd/places.ts'
import { buildTopology } from '../../topology/build.ts'
import type { Topology } from '../../topology/topology.ts'
import { openDeployment, type Deployment } from '../deployment.ts'
import type { CommandContext } from '../context.ts'
import { publicInstances } from '../public-listeners.ts'
import { runWithProgress } from '../run-target.ts'

/** Brings what runs to what the spec says, and ends with an address to try. */
export async function up(
  context: CommandContext,
  { dryRun = false }: { readonly dryRun?: boolean },
): Promise<number> {
  const deployment = await openDeployment(context)
  const { spec, target, file } = deployment
  const isLocal = target.kind === 'local'
  const { topology, password } = await readWanted(deployment, context)

  const goOn = `./holdfast up goes on from here, ./holdfast down stops what was started${specOption(context)}`
  return await runWithProgress(context, goOn, async (targetContext) => {
    if (!isLocal) targetContext.progress.step(`${spec.name} in the ${target.place}`)
    if (dryRun) {
      const lines = await target.plan(topology, password, targetContext)
      for (const line of lines) context.print(line)
      if (lines.length === 0) context.print(`${spec.name} already is as ${file} says: nothing to do.`)
      return 0
    }
    const changes = await target.apply(topology, password, targetContext)
    if (changes.length === 0) context.note(`${spec.name} already runs as ${file} says: nothing to do.`)
    for (const name of isLocal ? publicInstances(topology.app) : []) {
      context.note(`warning: ${name} listens on every address, past the front door: let the program use HOST`)
    }
    const lines = isLocal
      ? farewell(spec, context, isUnderSystemd(target.place) ? 'sudo ' : '')
      : clusterFarewell(spec, (await target.observe()).frontDoor.url, context)
    for (const line of lines) context.print(line)
    return 0
  })
}

/** What is to run, as the spec says. */
export async function readWanted(
  { spec, directory, target }: Deployment,
  context: CommandContext,
): Promise<{ readonly topology: Topology; readonly password: string | null }> {
  // Where the program runs on this machine is of no interest in a cluster.
  const topology = buildTopology(spec, target.kind === 'local' ? appDirectory(spec, directory) : '/')
  const { password, notice } = await resolvePassword(spec.redis.password, { env: context.env, directory })
  if (notice !== undefined) context.note(`notice: ${notice}`)
  return { topology, password }
}

/** @throws HoldfastError SPEC_INVALID when it is not there: the program would fail to start, with less to say */
function appDirectory({ app }: Spec, specDirectory: string): string {
  const path = resolve(specDirectory, app.directory)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path
  throw new HoldfastError('SPEC_INVALID', `app.directory is no directory: ${path}`, {
    exitCode: 2,
    hint: 'It is where app.command runs; a relative path starts at the folder of the spec.',
  })
}

/** @param sudo what commands begin with */
function farewell({ name, app, frontDoor }: Spec, context: CommandContext, sudo: string): string[] {
  const { host, port } = frontDoor.listen
  const isEverywhere = host === '0.0.0.0'
  const url = `http://${isEverywhere ? 'localhost' : host}:${port}`
  const path = app.command === null ? '/hello' : app.health
  return [
    `${name} is up: ${url}${isEverywhere ? ' (on every address of this machine)' : ''}`,
    `  try it:   curl ${url}${path}`,
    `  look:     ${sudo}./holdfast status${specOption(context)}`,
  ]
}

function clusterFarewell({ name, app, kubernetes }: Spec, url: string, context: CommandContext): string[] {
  const path = kubernetes.appImage === null ? '/hello' : app.health
  return [
    `${name} is up: ${url}`,
    `  try it:   curl ${url}${path}`,
    `  look:     ./holdfast status${specOption(context)}`,
  ]
}

/** What has to be said again for the same deployment. */
export function specOption({ specFile, targetName, contextName }: CommandContext): string {
  const given = {
    spec: specFile === 'holdfast.yaml' ? undefined : specFile,
    target: targetName,
    context: contextName,
  }
  return Object.entries(given)
    .map(([option, value]) => (value === undefined ? '' : ` --${option} ${value}`))
    .join('')
}
