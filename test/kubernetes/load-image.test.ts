import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findProgram, runProgram } from '../../src/platform/run-program.ts'
import { lookCommand, saveCommand, type Command } from '../../src/targets/kubernetes/images/commands.ts'
import { eventually } from '../harness/eventually.ts'

/** Minikube, kind and k3s are not to be had from a distribution; what they hand an archive to is. */
function missing(): string | false {
  const programs = ['buildah', 'containerd', 'ctr'].filter(
    (name) => findProgram([name], process.env) === null,
  )
  if (programs.length === 0) return process.getuid?.() === 0 ? false : 'containerd needs root'
  if (process.env.CI !== undefined)
    throw new Error(`missing: ${programs.join(', ')} (apt-get install buildah containerd)`)
  return `missing: ${programs.join(', ')}`
}

describe('an image on its way into a cluster', { skip: missing() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-load-'))
  const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' }
  const name = `devops/load-test:${String(process.pid)}`
  const archive = join(directory, 'image.tar')
  const address = join(directory, 'containerd.sock')
  let containerd: ChildProcess | undefined

  const buildah = (...args: string[]): string =>
    execFileSync('buildah', args, { env, encoding: 'utf8' }).trim()
  const run = ({ program, args }: Command): Promise<string> =>
    runProgram(program, args, { env, timeoutMs: 60_000 })
  const ctr = (...args: string[]): Promise<string> =>
    runProgram('ctr', ['--address', address, '--namespace', 'k8s.io', ...args], { timeoutMs: 60_000 })

  before(async () => {
    mkdirSync(join(directory, 'files'))
    writeFileSync(join(directory, 'files', 'hello'), 'hello')
    const container = buildah('from', 'scratch')
    buildah('add', '--quiet', container, join(directory, 'files'), '/')
    buildah('commit', '--quiet', '--rm', container, name)
    const place = [
      '--address',
      address,
      '--root',
      join(directory, 'root'),
      '--state',
      join(directory, 'state'),
    ]
    containerd = spawn('containerd', place, { stdio: 'ignore' })
    await eventually('containerd answers', 30_000, async () => {
      try {
        await ctr('images', 'list')
        return true
      } catch (error) {
        return String(error)
      }
    })
  })

  after(async () => {
    if (containerd?.exitCode === null) {
      const ended = once(containerd, 'exit')
      containerd.kill('SIGTERM')
      await ended
    }
    buildah('rmi', '--force', name)
    rmSync(directory, { recursive: true, force: true })
  })

  it('is found with who built it, and only there', async () => {
    await run(lookCommand('buildah', name))
    await assert.rejects(run(lookCommand('buildah', 'devops/is-not-there:1')))
  })

  it('has in the containerd of a machine the name that a kubelet asks for', async () => {
    await run(saveCommand('buildah', name, archive))
    // What `k3s ctr images import` is, and in the end `kind load image-archive`, too.
    await ctr('images', 'import', '--snapshotter', 'native', archive)
    assert.match(await ctr('images', 'list', '--quiet'), new RegExp(`^docker\\.io/${name}$`, 'm'))
  })
})
