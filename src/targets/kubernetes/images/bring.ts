import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError } from '../../../errors.ts'
import { isForbidden } from '../../../kubernetes/api-error.ts'
import { findProgram, runProgram } from '../../../platform/run-program.ts'
import type { Machine } from '../../../render/kubernetes/objects.ts'
import type { TargetContext } from '../../target.ts'
import type { Cluster } from '../cluster.ts'
import {
  builders,
  commandText,
  hasRegistry,
  loadCommand,
  lookCommand,
  pushCommand,
  saveCommand,
  type Builder,
  type Command,
} from './commands.ts'
import { inWords, ownCluster, type OwnCluster } from './own-cluster.ts'
import { imagesToBring, isLacking } from './plan.ts'

/** An image of some hundred MB, on a slow disk. */
const timeoutMs = 900_000

/**
 * Loads what a cluster of somebody's own lacks, from where it was built.
 * @param image Holdfast's own, with its tag
 * @returns what was done, one line each
 * @throws HoldfastError IMAGE_MISSING, BINARY_MISSING, UNSUPPORTED: the hint is what to type
 */
export async function bringImages(
  cluster: Cluster,
  image: string,
  context: TargetContext,
): Promise<readonly string[]> {
  const machines = await machinesOf(cluster, context.signal)
  const own = ownCluster({ context: cluster.api.context, machines, hostName: hostname() })
  if (own === null) return []
  const done: string[] = []
  for (const one of imagesToBring(image, cluster.settings)) {
    const lacking = isLacking(one, machines)
    if (lacking === 'no') continue
    const builder = await builderOf(one, context.signal)
    if (builder === null) {
      // Anything but Holdfast's own may be one that everybody can pull.
      if (one === image && lacking === 'yes') throw notBuilt(one, own)
      continue
    }
    try {
      done.push(...(await load(own, builder, one, context)))
    } catch (error) {
      // It may be there all the same, or be pulled.
      const isCertain = one === image && lacking === 'yes'
      if (isCertain || !(error instanceof HoldfastError) || error.exitCode !== 2) throw error
    }
  }
  return done
}

/**
 * Brings Holdfast's own image to where the cluster takes it from, whatever is there: the registry of its name, or a cluster of
 * somebody's own.
 * @param open asked for only where the name has no registry
 * @returns where it is now, for a person
 */
export async function pushImage(
  image: string,
  open: () => Promise<Cluster>,
  context: TargetContext,
): Promise<string> {
  const builder = await builderOf(image, context.signal)
  if (builder === null) throw notBuilt(image, null)
  if (hasRegistry(image)) {
    context.progress.waiting(`${builder} to push ${image}`)
    await runIt(pushCommand(builder, image), context.signal)
    return 'its registry'
  }
  const cluster = await open()
  const machines = await machinesOf(cluster, context.signal)
  const own = ownCluster({ context: cluster.api.context, machines, hostName: hostname() })
  if (own === null) {
    const message = `the image ${image} has no registry in its name, and the cluster of the context ${cluster.api.context} is no minikube, kind, k3d or k3s`
    throw new HoldfastError('USAGE', message, {
      exitCode: 2,
      hint: `Name your registry in the spec, then make image push:\nkubernetes:\n  image: registry.example.com/${cluster.settings.image}`,
    })
  }
  await load(own, builder, image, context)
  return inWords(own)
}

async function load(
  own: OwnCluster,
  builder: Builder,
  image: string,
  { signal, progress }: TargetContext,
): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-image-'))
  const file = join(directory, 'image.tar')
  try {
    const command = loadCommand(own, file)
    if (command === null) return []
    requireLoader(own, command, builder, image)
    progress.waiting(`${image} to get into ${inWords(own)}`)
    await runIt(saveCommand(builder, image, file), signal)
    await runIt(command, signal)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  const line = `${image} is loaded into ${inWords(own)}`
  progress.step(line)
  return [line]
}

/** @throws HoldfastError which says what to type instead */
function requireLoader(own: OwnCluster, command: Command, builder: Builder, image: string): void {
  const file = '/tmp/image.tar'
  const save = commandText(saveCommand(builder, image, file))
  if (own.maker === 'k3s' && (!own.isHere || own.elsewhere.length > 0)) {
    const there = own.elsewhere.map((name) => `ssh ${name} sudo k3s ctr images import - <${file}`)
    const here = own.isHere ? [`sudo k3s ctr images import ${file}`] : []
    const message = `the image ${image} cannot be loaded from here into the machines of k3s: ${own.elsewhere.join(', ')}`
    throw new HoldfastError('UNSUPPORTED', message, {
      exitCode: 2,
      hint: [save, ...here, ...there].join('\n'),
    })
  }
  if (own.maker === 'k3s' && process.getuid?.() !== 0) {
    const message = `only root may load the image ${image} into k3s`
    const hint = `${save}\nsudo ${commandText(loadCommand(own, file) ?? command)}`
    throw new HoldfastError('UNSUPPORTED', message, { exitCode: 2, hint })
  }
  if (findProgram([command.program], process.env) !== null) return
  const message = `the image ${image} is loaded into ${inWords(own)} by ${command.program}, which is not on the PATH`
  throw new HoldfastError('BINARY_MISSING', message, {
    exitCode: 2,
    hint: `Put ${command.program} on the PATH; or where it is:\n${save}\n${commandText(loadCommand(own, file) ?? command)}`,
  })
}

/** @returns who has the image; null: nobody here */
async function builderOf(image: string, signal: AbortSignal): Promise<Builder | null> {
  for (const builder of builders) {
    if (findProgram([builder], process.env) === null) continue
    const { program, args } = lookCommand(builder, image)
    try {
      await runProgram(program, args, { signal })
      return builder
    } catch {
      signal.throwIfAborted()
    }
  }
  return null
}

function notBuilt(image: string, own: OwnCluster | null): HoldfastError {
  const nobody = `none of ${builders.join(', ')} here has`
  const message =
    own === null ? `${nobody} the image ${image}` : `${inWords(own)} has no image ${image}, and ${nobody} it`
  return new HoldfastError('IMAGE_MISSING', message, {
    exitCode: 2,
    hint:
      'Build it first, as the same user: make image. Or name one of a registry: kubernetes.image' +
      (own === null ? '' : '\nIf it was loaded just now: its machines say so within a minute.'),
  })
}

async function runIt({ program, args, env }: Command, signal: AbortSignal): Promise<void> {
  try {
    await runProgram(program, args, { timeoutMs, signal, env: { ...process.env, ...env } })
  } catch (cause) {
    signal.throwIfAborted()
    throw new HoldfastError('INTERNAL', (cause as Error).message, {
      cause,
      hint: commandText({ program, args }),
    })
  }
}

async function machinesOf({ api }: Cluster, signal: AbortSignal): Promise<readonly Machine[]> {
  try {
    return await api.list<Machine>('/api/v1/nodes', { signal })
  } catch (error) {
    if (isForbidden(error)) return []
    throw error
  }
}
