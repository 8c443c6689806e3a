import { statSync } from 'node:fs'
import { resolve } from 'node:path'

import { HoldfastError } from '../../errors.ts'
import { resolvePassword } from '../../spec/password.ts'
import type { Spec } from '../../spec/schema.ts'
import { buildTopology } from '../../topology/build.ts'
import type { Topology } from '../../topology/topology.ts'
import { openDeployment, type Deployment } from '../deployment.ts'
import type { CommandContext } from '../context.ts'
import { publicInstances } from '../public-listeners.ts'
import { runWithProgress } from '../run-target.ts'

/** Brings what runs to what the spec says, and ends with an address to try. */
export async function up(context: CommandContext): Promise<number> {
  const deployment = await openDeployment(context)
  const { spec, target, file } = deployment
  const { topology, password } = await readWanted(deployment, context)
  const goOn = `./holdfast up goes on from here, ./holdfast down stops what was started${specOption(context)}`
  return await runWithProgress(context, goOn, async (targetContext) => {
    const changes = await target.apply(topology, password, targetContext)
    if (changes.length === 0) context.note(`${spec.name} already runs as ${file} says: nothing to do.`)
    for (const name of publicInstances(topology.app)) {
      context.note(`warning: ${name} listens on every address, past the front door: let the program use HOST`)
    }
    for (const line of farewell(spec, context)) context.print(line)
    return 0
  })
}

/** What is to run, as the spec says. */
export async function readWanted(
  { spec, directory }: Deployment,
  context: CommandContext,
): Promise<{ readonly topology: Topology; readonly password: string | null }> {
  const topology = buildTopology(spec, appDirectory(spec, directory))
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

function farewell({ name, app, frontDoor }: Spec, context: CommandContext): string[] {
  const { host, port } = frontDoor.listen
  const isEverywhere = host === '0.0.0.0'
  const url = `http://${isEverywhere ? 'localhost' : host}:${port}`
  const path = app.command === null ? '/hello' : app.health
  return [
    `${name} is up: ${url}${isEverywhere ? ' (on every address of this machine)' : ''}`,
    `  try it:   curl ${url}${path}`,
    `  look:     ./holdfast status${specOption(context)}`,
  ]
}

export function specOption({ specFile }: CommandContext): string {
  return specFile === 'holdfast.yaml' ? '' : ` --spec ${specFile}`
}
