import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { bareClone, launch, ownersOf } from '../harness/bare-clone.ts'

describe('the launcher in a clone on a machine without Node', () => {
  it('brings Node, npm and the dependencies, and costs nothing the second time', async (t) => {
    const clone = await bareClone(t)
    const first = await launch(clone, ['spec', 'a b', ''])
    assert.equal(first.status, 0, first.stderr)
    assert.equal(first.stdout, `${clone.root}/src/cli/main.ts|spec|a b||\n`)
    assert.match(first.stderr, /installing Node 24\.\d+\.\d+/)
    assert.deepEqual(
      clone.registry.requests.map((path) => path.split('/')[1]),
      [clone.nodePackage, 'npm'],
    )
    await clone.registry.close()
    const second = await launch(clone, ['spec'])
    assert.equal(second.status, 0)
    assert.equal(second.stderr, '')
  })

  it('brings it once when several start at the same time', async (t) => {
    const clone = await bareClone(t)
    const starts = await Promise.all([1, 2, 3, 4].map(() => launch(clone, ['spec'])))
    for (const start of starts) assert.equal(start.status, 0, start.stderr)
    assert.equal(clone.registry.requests.length, 2)
    assert.equal(starts.filter((start) => start.stderr.includes('installing Node')).length, 1)
  })

  it('works through a symbolic link, from another directory, in a path with spaces', async (t) => {
    const clone = await bareClone(t, { folder: 'a clone of mine' })
    const link = join(clone.directory, 'elsewhere')
    await symlink('a clone of mine/holdfast', link)
    const start = await launch(clone, ['version'], { program: link, cwd: '/' })
    assert.equal(start.status, 0, start.stderr)
    assert.equal(start.stdout, `${clone.root}/src/cli/main.ts|version|\n`)
  })

  it('takes the registry that .npmrc names', async (t) => {
    const clone = await bareClone(t)
    await writeFile(join(clone.root, '.npmrc'), `fund=false\nregistry = ${clone.registry.url}/\n`)
    const start = await launch(clone, ['spec'], { env: { npm_config_registry: undefined } })
    assert.equal(start.status, 0, start.stderr)
    assert.equal(clone.registry.requests.length, 2)
  })

  it('finishes what a killed start left half done', async (t) => {
    const clone = await bareClone(t)
    await clone.file('.holdfast/stage.1/node/bin/node', '')
    await clone.file('.holdfast/node/bin/node', '')
    const start = await launch(clone, ['spec'])
    assert.equal(start.status, 0, start.stderr)
    assert.equal(existsSync(join(clone.root, '.holdfast/stage.1')), false)
  })

  it('installs again when package-lock.json changed, and keeps what was there for developing', async (t) => {
    const clone = await bareClone(t)
    const logged = () => readFile(join(clone.root, 'node_modules/npm-arguments'), 'utf8')
    await launch(clone, ['spec'])
    assert.match(await logged(), /--ignore-scripts --omit=dev --omit=optional/)
    const tool = await launch(clone, ['--exec', 'lint', 'a-tool', 'x'])
    assert.equal(tool.stdout, 'a tool of development: x\n', tool.stderr)
    assert.match(await logged(), /--include=dev/)
    await clone.file('package-lock.json', '{"changed": true}')
    assert.equal((await launch(clone, ['spec'])).status, 0)
    assert.match(await logged(), /--include=dev/)
  })

  it('brings the client for Kubernetes where a command needs a cluster, and keeps it', async (t) => {
    const clone = await bareClone(t)
    const logged = () => readFile(join(clone.root, 'node_modules/npm-arguments'), 'utf8')
    await launch(clone, ['render', '--target', 'kubernetes'])
    await launch(clone, ['image'])
    assert.match(await logged(), /--omit=optional/)
    const asked = await launch(clone, ['status', '--target=kubernetes'])
    assert.match(asked.stderr, /with the client for Kubernetes/)
    assert.match(await logged(), /--ignore-scripts --omit=dev (?!--omit=optional)/)
    await clone.file('package-lock.json', '{"changed": true}')
    await launch(clone, ['spec'])
    assert.match(await logged(), /--ignore-scripts --omit=dev (?!--omit=optional)/)
  })

  it('brings it for an image that is to get into a cluster, whatever the target is', async (t) => {
    const clone = await bareClone(t)
    const start = await launch(clone, ['image', '--push'])
    assert.match(start.stderr, /with the client for Kubernetes/)
  })

  it('finds the target in the spec, and needs no servers for a cluster', async (t) => {
    const clone = await bareClone(t)
    await clone.file('shop.yaml', 'name: shop\ntarget: kubernetes # where it runs\n')
    const start = await launch(clone, ['--spec', 'shop.yaml', 'up'])
    assert.equal(start.status, 0, start.stderr)
    assert.match(start.stderr, /with the client for Kubernetes/)
  })
})

describe('the launcher and a Node that is there', () => {
  it('uses one that is new enough, and downloads none', async (t) => {
    const clone = await bareClone(t, { systemNode: 'v26.1.0' })
    const start = await launch(clone, ['spec'])
    assert.equal(start.status, 0, start.stderr)
    assert.equal(existsSync(join(clone.root, '.holdfast/node')), false)
    assert.doesNotMatch(start.stderr, /installing Node/)
  })

  it('ignores one that is too old', async (t) => {
    const clone = await bareClone(t, { systemNode: 'v22.9.0' })
    const start = await launch(clone, ['spec'])
    assert.equal(start.status, 0, start.stderr)
    assert.match(start.stderr, /installing Node/)
  })
})

describe('the launcher says what is wrong and what to do', () => {
  it('refuses a download that is not the pinned one, and leaves nothing of it', async (t) => {
    const clone = await bareClone(t)
    clone.registry.damage()
    const start = await launch(clone, ['spec'])
    assert.equal(start.status, 2)
    assert.match(start.stderr, new RegExp(`error: ${clone.registry.url}/${clone.nodePackage}/-/.*sha512`))
    assert.equal(existsSync(join(clone.root, '.holdfast/node')), false)
  })

  it('names the address that it cannot reach', async (t) => {
    const clone = await bareClone(t)
    await clone.registry.close()
    const start = await launch(clone, ['spec'])
    assert.equal(start.status, 2)
    assert.match(start.stderr, new RegExp(`error: ${clone.registry.url}/${clone.nodePackage}/`))
    assert.match(start.stderr, /https_proxy.*npm_config_registry/)
  })

  it('keeps the former dependencies when new ones cannot be installed', async (t) => {
    const clone = await bareClone(t)
    await launch(clone, ['spec'])
    await clone.file('package-lock.json', '{"changed": true}')
    const start = await launch(clone, ['spec'], {
      env: { FAKE_NPM_FAILS: 'ENOSPC: no space left on device' },
    })
    assert.equal(start.status, 2)
    assert.match(start.stderr, /npm: ENOSPC: no space left on device/)
    assert.match(start.stderr, /Free space there: \d+ MB/)
    assert.equal(existsSync(join(clone.root, 'node_modules/npm-arguments')), true)
  })

  it('says that a clone is read-only only when something has to be written', async (t) => {
    const clone = await bareClone(t)
    await clone.readOnly(true)
    const bare = await launch(clone, ['spec'])
    assert.equal(bare.status, 2)
    assert.match(bare.stderr, /cannot be written/)
    await clone.readOnly(false)
    await launch(clone, ['spec'])
    await clone.readOnly(true)
    assert.equal((await launch(clone, ['spec'])).status, 0)
    await clone.readOnly(false)
  })

  it('names the servers that are missing where it may not install them', async (t) => {
    const clone = await bareClone(t)
    const start = await launch(clone, ['up'])
    assert.equal(start.status, 2)
    assert.match(start.stderr, /redis-server redis-tools .*are missing, and this system has no apt/)
    await clone.tool('apt-get', 'exit 1')
    const withApt = await launch(clone, ['up'])
    assert.equal(withApt.status, 2)
    assert.match(withApt.stderr, /sudo sh '.*install-packages\.sh' redis-server redis-tools/)
  })

  it('refuses a Redis that is too old', async (t) => {
    const clone = await bareClone(t)
    for (const name of ['redis-cli', 'haproxy', 'make']) await clone.tool(name, 'exit 0')
    await clone.tool(
      'redis-server',
      "echo 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64'",
    )
    const start = await launch(clone, ['up'])
    assert.equal(start.status, 2)
    assert.match(start.stderr, /redis-server 6\.0\.16 .*needs Redis 7\.0/)
    assert.equal((await launch(clone, ['spec'])).status, 0)
  })

  it('asks for no server where none is needed', async (t) => {
    const clone = await bareClone(t)
    for (const words of [
      ['up', '--help'],
      ['up', '--target', 'kubernetes'],
      ['status'],
      ['--spec', 'up', 'spec'],
      [],
    ])
      assert.equal((await launch(clone, words)).status, 0, words.join(' '))
  })
})

describe('the launcher called through sudo', () => {
  it('leaves nothing of root in the clone', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
    const clone = await bareClone(t)
    const start = await launch(clone, ['spec'], { asRoot: true })
    assert.equal(start.status, 0, start.stderr)
    assert.deepEqual(await ownersOf(clone.root), [clone.owner])
  })

  it(
    'runs the command as the user who called',
    { skip: process.getuid?.() !== 0 && 'needs root' },
    async (t) => {
      const clone = await bareClone(t)
      const env = { SUDO_UID: String(clone.owner), SUDO_GID: String(clone.owner), SUDO_USER: 'nobody' }
      const start = await launch(clone, ['--exec', 'lint', 'sh', '-c', 'id -u; echo $USER'], {
        asRoot: true,
        env,
      })
      assert.equal(start.stdout, `${clone.owner}\nnobody\n`, start.stderr)
    },
  )
})
