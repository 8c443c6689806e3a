import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'

const repository = join(import.meta.dirname, '../..')
const nobody = 65534
const isRoot = process.getuid?.() === 0

/** What the launcher may use on a bare machine; nothing else is on the PATH of these tests. */
const tools =
  'sh awk base64 cat chmod chown cmp cp curl cut df env flock getent grep gzip head id mkdir mktemp mv od readlink rm sed setpriv sha512sum sort stat tail tar tr uname'

/** Stands for Node and, called with npm's file, for npm: what they are asked is all that counts here. */
const fakeNode = (version: string): string => `#!/bin/sh
case $1 in
  --version) echo ${version}; exit ;;
  */npm-cli.js)
    [ -z "$FAKE_NPM_FAILS" ] || { echo "npm error $FAKE_NPM_FAILS"; exit 1; }
    mkdir -p node_modules/.bin && echo "$*" >node_modules/npm-arguments || exit
    case "$*" in *--omit=optional*) ;; *) mkdir -p node_modules/@kubernetes/client-node; echo '{}' >node_modules/@kubernetes/client-node/package.json ;; esac
    case "$*" in *--include=dev*) mkdir node_modules/typescript; echo '{}' >node_modules/typescript/package.json ;; esac
    printf '#!/bin/sh\\necho "a tool of development: $*"\\n' >node_modules/.bin/a-tool
    chmod +x node_modules/.bin/a-tool
    exit ;;
esac
printf '%s|' "$@"; echo
`

interface Registry {
  readonly url: string
  readonly requests: string[]
  /** From now on other bytes than the pinned ones are served. */
  readonly damage: () => void
  readonly close: () => Promise<void>
}

export interface BareClone {
  readonly directory: string
  readonly root: string
  readonly path: string
  readonly registry: Registry
  readonly nodePackage: string
  /** The user the clone belongs to and the launcher runs as (never root). */
  readonly owner: number
  readonly file: (name: string, content: string) => Promise<void>
  readonly tool: (name: string, script: string) => Promise<void>
  readonly readOnly: (on: boolean) => Promise<void>
}

/**
 * A copy of the launcher on a PATH without Node, npm, servers and apt, beside a registry of this test's own that serves
 * stand-ins of the pinned packages. The copy's pins are those of the stand-ins.
 */
export async function bareClone(
  t: TestContext,
  options: { readonly folder?: string; readonly systemNode?: string } = {},
): Promise<BareClone> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-launcher-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o755)
  const root = join(directory, options.folder ?? 'clone')
  const path = join(directory, 'bin')
  await mkdir(path)
  for (const name of tools.split(' ')) await symlink(await whereIs(name), join(path, name))
  if (options.systemNode !== undefined) await script(join(path, 'node'), fakeNode(options.systemNode))

  const launcher = await readFile(join(repository, 'holdfast'), 'utf8')
  const version = /^node_version=(.*)$/m.exec(launcher)?.[1]
  assert.ok(version)
  const nodeTarball = await tarball(directory, 'bin/node', fakeNode(`v${version}`))
  const npmTarball = await tarball(directory, 'bin/npm-cli.js', '')
  const registry = await serve(t, nodeTarball, npmTarball)

  await mkdir(join(root, 'src/cli'), { recursive: true })
  const pinned = launcher
    .replaceAll(/^node_integrity_(x64|arm64)=.*$/gm, `node_integrity_$1=${integrity(nodeTarball)}`)
    .replace(/^npm_integrity=.*$/m, `npm_integrity=${integrity(npmTarball)}`)
  await script(join(root, 'holdfast'), pinned)
  await cp(join(repository, 'scripts/launcher'), join(root, 'scripts/launcher'), { recursive: true })
  for (const name of ['package.json', 'package-lock.json', 'src/cli/main.ts'])
    await writeFile(join(root, name), '{}')

  const owner = isRoot ? nobody : (process.getuid?.() ?? 0)
  const own = async (): Promise<void> => {
    if (isRoot) for (const name of await everything(root)) await chown(name, owner, owner)
  }
  await own()
  return {
    directory,
    root,
    path,
    registry,
    nodePackage: `node-linux-${process.arch}`,
    owner,
    file: async (name, content) => {
      await mkdir(dirname(join(root, name)), { recursive: true })
      await writeFile(join(root, name), content)
      await own()
    },
    tool: (name, body) => script(join(path, name), `#!/bin/sh\n${body}\n`),
    readOnly: (on) => chmod(root, on ? 0o555 : 0o755),
  }
}

export interface Launched {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the clone's launcher as its owner, with nothing in its environment but what is given here. */
export async function launch(
  clone: BareClone,
  args: readonly string[],
  options: {
    readonly program?: string
    readonly cwd?: string
    readonly env?: NodeJS.ProcessEnv
    readonly asRoot?: boolean
  } = {},
): Promise<Launched> {
  const child = spawn(options.program ?? join(clone.root, 'holdfast'), args, {
    cwd: options.cwd ?? clone.root,
    env: { PATH: clone.path, npm_config_registry: clone.registry.url, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(isRoot && options.asRoot !== true ? { uid: clone.owner, gid: clone.owner } : {}),
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const [status, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { status, stdout, stderr }
}

/** The users that anything in the directory belongs to. */
export async function ownersOf(directory: string): Promise<readonly number[]> {
  const owners = new Set<number>()
  for (const name of await everything(directory)) owners.add((await lstat(name)).uid)
  return [...owners]
}

async function everything(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true })
  return [directory, ...entries.map((name) => join(directory, name))]
}

async function script(file: string, content: string): Promise<void> {
  await writeFile(file, content)
  await chmod(file, 0o755)
}

async function whereIs(name: string): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name)
    if (
      await lstat(file).then(
        () => true,
        () => false,
      )
    )
      return file
  }
  throw new Error(`${name} is not on the PATH`)
}

const integrity = (bytes: Buffer): string => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

/** An npm package with one program in it. */
async function tarball(directory: string, name: string, content: string): Promise<Buffer> {
  const folder = await mkdtemp(join(directory, 'package-'))
  await mkdir(dirname(join(folder, 'package', name)), { recursive: true })
  await script(join(folder, 'package', name), content)
  const tar = spawn('tar', ['-cz', '-C', folder, 'package'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  for await (const chunk of tar.stdout) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function serve(t: TestContext, node: Buffer, npm: Buffer): Promise<Registry> {
  const requests: string[] = []
  let damaged = false
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push(path)
    const bytes = path.startsWith('/npm/') ? npm : node
    response.end(damaged ? Buffer.concat([bytes, Buffer.from('!')]) : bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.40.0.1', resolve))
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.after(close)
  const { port } = server.address() as AddressInfo
  return { url: `http://127.40.0.1:${port}`, requests, damage: () => (damaged = true), close }
}
