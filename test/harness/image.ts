import { execFileSync, type ExecFileSyncOptions } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../src/platform/run-program.ts'

/** An image that was built from the Dockerfile, without a daemon. */
export interface BuiltImage {
  /** Runs a command in a new container of it, as its user. @returns what it printed */
  run(...argv: string[]): string
  /** Writes it as an archive under another name, for a cluster. */
  save(as: string, file: string): void
  remove(): void
}

const root = join(import.meta.dirname, '../..')
// No daemon, no rights beyond those of root in a container: https://github.com/containers/buildah
const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' }
const options = {
  env,
  encoding: 'utf8',
  cwd: root,
  stdio: ['ignore', 'pipe', 'pipe'],
} satisfies ExecFileSyncOptions

/** Why no image can be built here, or false: for the `skip` of a test. */
export function noImages(): string | false {
  const missing = ['buildah', 'mmdebstrap'].filter((name) => findProgram([name], process.env) === null)
  if (missing.length === 0) return process.getuid?.() === 0 ? false : 'images are built by root here'
  if (process.env.CI !== undefined) throw new Error(`missing: ${missing.join(', ')} (apt-get install them)`)
  return `missing: ${missing.join(', ')}`
}

let shared: BuiltImage | undefined

/** One for all tests of this process, removed when it ends. */
export function sharedImage(): BuiltImage {
  if (shared !== undefined) return shared
  const built = buildImage()
  shared = { ...built, remove: () => undefined }
  process.once('exit', () => {
    built.remove()
  })
  return shared
}

/** Builds the very Dockerfile on a Debian of the machine's own mirror and certificates. */
function buildImage(): BuiltImage {
  const name = `localhost/holdfast-test:${String(process.pid)}`
  const base = `localhost/holdfast-test-base:${String(process.pid)}`
  const directory = mkdtempSync(join(tmpdir(), 'image-'))
  const buildah = (...args: string[]): string => execFileSync('buildah', args, options).trim()
  const remove = (): void => {
    buildah('rmi', '--force', name, base)
  }
  try {
    const archive = join(directory, 'base.tar')
    execFileSync(
      'mmdebstrap',
      ['--variant=minbase', '--include=ca-certificates,curl', 'bookworm', archive, mirror()],
      options,
    )
    const container = buildah('from', 'scratch')
    buildah('add', '--quiet', container, archive, '/')
    const certificates = '/etc/ssl/certs/ca-certificates.crt'
    buildah('add', '--quiet', container, certificates, certificates)
    buildah('commit', '--quiet', '--rm', container, base)
    execFileSync(join(root, 'scripts/image.sh'), ['build'], {
      ...options,
      env: { ...env, IMAGE: name, BASE: base, npm_config_registry: registry() },
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return {
    run: (...argv) => {
      const container = buildah('from', name)
      try {
        return buildah('run', container, '--', ...argv)
      } finally {
        buildah('rm', container)
      }
    },
    save: (as, file) => {
      buildah('push', '--quiet', name, `docker-archive:${file}:${as}`)
    },
    remove,
  }
}

/** The one that this machine's apt is set up with. */
function mirror(): string {
  const all = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)'], options).split('\n')
  return all.find((uri) => uri !== '' && !uri.includes('security')) ?? ''
}

function registry(): string {
  return execFileSync('npm', ['config', 'get', 'registry'], options).trim()
}
