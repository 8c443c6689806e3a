import { dirname, join, resolve } from 'node:path'

import { HoldfastError } from '../errors.ts'
import { loadSpec } from '../spec/load.ts'
import type { LoadedSpec } from '../spec/load.ts'
import { orList } from '../spec/or-list.ts'
import { SpecError } from '../spec/problem.ts'
import { targets } from '../spec/schema.ts'
import type { SupervisorName, TargetName } from '../spec/schema.ts'
import type { Target } from '../targets/target.ts'
import { defaultSpecFile } from './context.ts'
import type { CommandContext } from './context.ts'

export interface Deployment extends LoadedSpec {
  /** Absolute: `.holdfast/<name>` beside the spec, or where systemd has it. */
  readonly stateDir: string
  readonly target: Target
}

/**
 * The deployment that the spec describes, whether or not it runs.
 * @throws HoldfastError SPEC_NOT_FOUND, SPEC_INVALID, UNSUPPORTED
 */
export async function openDeployment(context: CommandContext): Promise<Deployment> {
  const loaded = await loadSpec(context.specFile, chosenTarget(context.targetName))
  const stateDir = stateDirectoryOf(loaded)
  if (loaded.spec.target === 'kubernetes') {
    const { openCluster } = await import('./open-cluster.ts')
    return { ...loaded, stateDir, target: await openCluster(context, loaded) }
  }
  requireLinux()
  const { name, local } = loaded.spec
  const place = await localStateDirectory(name, stateDir, local.supervisor)
  const { localTarget } = await import('../targets/local/target.ts')
  return {
    ...loaded,
    stateDir: place,
    target: localTarget({ stateDir: place, name, embeddedStateDir: stateDir }),
  }
}

/** What runs under the spec's name: all that looking and stopping need, whatever else is wrong with the spec. */
export async function openByName(
  context: CommandContext,
): Promise<{ name: string; stateDir: string; target: Target }> {
  try {
    const { spec, stateDir, target } = await openDeployment(context)
    return { name: spec.name, stateDir, target }
  } catch (error) {
    if (!(error instanceof SpecError) || error.deployment === undefined) throw error
    context.note(`${error.message}\nGoing by its name alone: ${error.deployment}`)
    // Where a cluster has it, the spec alone says.
    if (chosenTarget(context.targetName) === 'kubernetes') throw error
    requireLinux()
    const name = error.deployment
    const embeddedStateDir = join(dirname(resolve(context.specFile)), '.holdfast', name)
    const stateDir = await localStateDirectory(name, embeddedStateDir, 'auto')
    const { localTarget } = await import('../targets/local/target.ts')
    return { name, stateDir, target: localTarget({ stateDir, name, embeddedStateDir }) }
  }
}

/** Of the deployment of this spec. */
export async function deployedStateDirectory(specFile: string = defaultSpecFile): Promise<string> {
  const loaded = await loadSpec(specFile)
  const { name, local } = loaded.spec
  return await localStateDirectory(name, stateDirectoryOf(loaded), local.supervisor)
}

async function localStateDirectory(
  name: string,
  embeddedStateDir: string,
  supervisor: SupervisorName,
): Promise<string> {
  const { chooseStateDirectory } = await import('../targets/local/choose-supervisor.ts')
  return chooseStateDirectory({ name, embeddedStateDir, supervisor })
}

function stateDirectoryOf({ spec, directory }: LoadedSpec): string {
  return join(directory, '.holdfast', spec.name)
}

/**
 * What --target says; undefined: what the spec says.
 * @throws HoldfastError USAGE
 */
export function chosenTarget(name: string | undefined): TargetName | undefined {
  const target = targets.find((known) => known === name)
  if (name === undefined || target !== undefined) return target
  throw new HoldfastError('USAGE', `there is no target ${name}`, {
    exitCode: 2,
    hint: `Use --target ${orList(targets)}`,
  })
}

function requireLinux(): void {
  if (process.platform !== 'linux') {
    throw new HoldfastError('UNSUPPORTED', `the target local needs Linux; this is ${process.platform}`, {
      exitCode: 2,
      hint: 'It uses loopback addresses, /proc and the packages of a Linux distribution. Here work: spec, counter, version, and gateway --sentinels.',
    })
  }
}
