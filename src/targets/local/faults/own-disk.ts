import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { cp, mkdir, open, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodePaths } from '../../../agent/servers.ts'
import { HoldfastError } from '../../../errors.ts'
import { findProgram, runProgram } from '../../../platform/run-program.ts'

/** A node's volume, while it is on a small disk of its own that can be filled and frozen. */
export function ownDisk(stateDir: string, node: number) {
  const { directory } = nodePaths(stateDir, node)
  return {
    /** Where the node finds its files: a mount point then. */
    directory,
    image: `${directory}.disk`,
    /** The files as they were. They are never used again once `moved` is there: the node went on without them. */
    former: `${directory}.former`,
    moved: `${directory}.moved`,
    back: `${directory}.back`,
    filler: join(directory, 'filler'),
  }
}

export type OwnDisk = ReturnType<typeof ownDisk>

const roomBytes = 48 * 2 ** 20

/**
 * Moves a volume onto a disk of its own, an image file with ext4. None of the node's processes runs.
 * @throws HoldfastError DISK_FULL when there is no room for it
 */
export async function moveToOwnDisk(disk: OwnDisk): Promise<void> {
  const usedBytes = await sizeOf(disk.directory)
  const sizeBytes = roomBytes + 2 * usedBytes
  const { bavail, bsize } = statfsSync(disk.directory)
  if (bavail * bsize < 2 * sizeBytes) {
    const message = `there is no room for a disk of ${String(Math.ceil(sizeBytes / 2 ** 20))} MB beside ${disk.directory}`
    throw new HoldfastError('DISK_FULL', message, { hint: `df -h ${disk.directory}`, exitCode: 2 })
  }
  await (await open(disk.image, 'w', 0o600)).close()
  await truncate(disk.image, sizeBytes)
  await runProgram(tool('mkfs.ext4'), ['-q', '-m', '0', '-E', 'nodiscard', disk.image], { timeoutMs: 60_000 })
  await rename(disk.directory, disk.former)
  await mkdir(disk.directory, { mode: 0o700 })
  await runProgram(tool('mount'), ['-o', 'loop', disk.image, disk.directory])
  await rm(join(disk.directory, 'lost+found'), { recursive: true, force: true })
  await copyInto(disk.former, disk.directory)
  await writeFile(disk.moved, '')
}

/** Brings the files back to where they were, as they are now. None of the node's processes runs. Can be done again. */
export async function moveBack(disk: OwnDisk): Promise<void> {
  const mounted = isMounted(disk.directory)
  if (existsSync(disk.moved)) {
    if (mounted) {
      await rm(disk.filler, { force: true })
      await copyBack(disk)
    }
    // Not mounted and no copy: the machine was started anew, and the node begins empty rather than with what is old.
    if (existsSync(disk.back)) {
      await rm(disk.directory, { recursive: true, force: true })
      await rename(disk.back, disk.directory)
    }
    await rm(disk.former, { recursive: true, force: true })
    await rm(disk.moved, { force: true })
  } else if (existsSync(disk.former)) {
    // It broke off halfway: nobody has used the copy.
    if (mounted) await unmount(disk.directory)
    await rm(disk.directory, { recursive: true, force: true })
    await rename(disk.former, disk.directory)
  }
  await rm(disk.image, { force: true })
}

/** The copy has its name only when it is whole, and only while nobody writes to what it was made of. */
async function copyBack({ directory, back }: OwnDisk): Promise<void> {
  const unfinished = `${back}.new`
  for (const path of [back, unfinished]) await rm(path, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  await copyInto(directory, unfinished)
  await rename(unfinished, back)
  try {
    await unmount(directory)
  } catch (error) {
    await rm(back, { recursive: true, force: true })
    throw error
  }
}

/** Until nothing more fits, not a byte. */
export async function fill({ filler }: OwnDisk): Promise<void> {
  const file = await open(filler, 'w', 0o600)
  try {
    for (let bytes = 2 ** 20; bytes >= 1; bytes = Math.floor(bytes / 4)) {
      while (await fits(() => file.write(Buffer.alloc(bytes)))) {
        // more
      }
      // Blocks that were only reserved so far.
      await fits(() => file.sync())
    }
  } finally {
    await file.close()
  }
}

async function fits(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}

/** Every write to it hangs from now on, and whoever writes with it, until it is thawed. */
export async function freeze({ directory }: OwnDisk): Promise<void> {
  await runProgram(tool('fsfreeze'), ['--freeze', directory])
}

/** Also one that is not frozen. */
export async function thaw({ directory }: OwnDisk): Promise<void> {
  if (!isMounted(directory)) return
  try {
    await runProgram(tool('fsfreeze'), ['--unfreeze', directory])
  } catch (error) {
    if (!(error as Error).message.includes('Invalid argument')) throw error
  }
}

/** Names with blanks have them as octal numbers there: proc(5), /proc/pid/mounts. */
export function isMounted(directory: string): boolean {
  const unescape = (text: string) =>
    text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => unescape(line.split(' ')[1] ?? '') === directory)
}

/** Why a volume cannot be given a disk of its own here, or null. */
export function whyNoOwnDisk(): string | null {
  if (process.getuid?.() !== 0) return 'only root may mount a disk of its own for a node'
  const missing = ['mkfs.ext4', 'mount', 'umount', 'fsfreeze'].filter(
    (name) => findProgram([name], process.env) === null,
  )
  if (missing.length > 0)
    return `it needs ${missing.join(', ')}: sudo apt-get install e2fsprogs mount util-linux`
  return existsSync('/dev/loop-control') ? null : 'there are no loop devices here (/dev/loop-control)'
}

async function unmount(directory: string): Promise<void> {
  await runProgram(tool('umount'), [directory])
}

async function copyInto(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) {
    if (name === 'lost+found') continue
    await cp(join(from, name), join(to, name), { recursive: true, preserveTimestamps: true })
  }
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true })
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function tool(name: string): string {
  return findProgram([name], process.env) ?? name
}
