import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { findManaged } from '../../src/platform/managed-process.ts'
import { commandLine, ownAddresses } from './command-line.ts'

/** A spec in a directory of its own, not up yet. */
export interface BareDeployment extends ReturnType<typeof commandLine> {
  readonly directory: string
  readonly stateDir: string
  readonly url: string
  readonly place: ReturnType<typeof ownAddresses>
  /** Replaces the spec's lines beside name and addresses. @param files beside it, by name */
  writeSpec(lines?: string, files?: Readonly<Record<string, string>>): void
}

/** @param disk bytes of a file system of its own for the state directory; needs root */
export function bareDeployment(t: TestContext, { disk }: { disk?: string } = {}): BareDeployment {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bad-'))
  const stateRoot = join(directory, '.holdfast')
  const stateDir = join(stateRoot, 'bad')
  const place = ownAddresses()
  const commands = commandLine(() => directory)
  mkdirSync(stateRoot)
  if (disk !== undefined)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk},mode=700`, 'tmpfs', stateRoot])
  const writeSpec = (lines = '', files: Readonly<Record<string, string>> = {}) => {
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(directory, name), text, { mode: 0o600 })
    writeFileSync(
      join(directory, 'holdfast.yaml'),
      `name: bad
app: {instances: 1, port: ${String(place.appPort)}}
gateway: {listen: "${place.gateway}"}
frontDoor: {listen: "${place.frontDoor}"}
local: {network: ${place.network}}
${lines}
`,
    )
  }
  t.after(async () => {
    writeSpec()
    const down = await commands.run(['down', '--purge', '--yes'])
    const left = findManaged(stateDir)
    for (const each of left) await each.stop({ graceMs: 0 })
    if (disk !== undefined) execFileSync('umount', [stateRoot])
    rmSync(directory, { recursive: true })
    assert.equal(down.exitCode, 0, down.stderr)
    assert.deepEqual(
      left.map(({ component }) => component),
      [],
      'processes outlived down',
    )
  })
  writeSpec()
  return { ...commands, directory, stateDir, place, url: `http://${place.frontDoor}`, writeSpec }
}

/** Why a file system of a test's own cannot be had; false when it can. */
export function noOwnDisk(): string | false {
  if (process.getuid?.() !== 0) return 'only root may mount a small disk'
  try {
    const probe = mkdtempSync(join(tmpdir(), 'holdfast-mount-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' })
    execFileSync('umount', [probe])
    rmSync(probe, { recursive: true })
    return false
  } catch {
    return 'a small disk cannot be mounted here'
  }
}
