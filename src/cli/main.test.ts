import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'

import { commandLine, exitOf } from '../../test/harness/command-line.ts'

/** The command line as a process, in a folder of its own; only what needs no deployment. */
describe('holdfast', { concurrency: 2 }, () => {
  let directory = ''
  const { start, run } = commandLine(() => directory)
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-cli-'))
    await writeFile(join(directory, 'holdfast.yaml'), 'name: cli-test\nlocal: {network: 127.30.3.0/24}\n')
    await writeFile(join(directory, 'unbuilt.yaml'), "kubernetes: {image: 'nobody/built-this:1'}\n")
    await writeFile(join(directory, 'broken.yaml'), 'name: X\nnodes: 3\n')
  })
  after(async () => {
    await rm(directory, { recursive: true })
  })

  it('shows help on stdout and exits 0', async () => {
    for (const args of [[], ['help'], ['--help'], ['up', '--help'], ['help', 'counter'], ['gateway', '-h']]) {
      const { exitCode, stdout, stderr } = await run(args)
      assert.equal(exitCode, 0, args.join(' '))
      assert.match(stdout, /^Usage: holdfast/)
      assert.equal(stderr, '')
    }
  })

  const mistakes: readonly (readonly [args: readonly string[], stderr: RegExp])[] = [
    [['stauts'], /unknown command 'stauts'\n\(Did you mean status\?\)/],
    [['up', '--foo'], /unknown option '--foo'/],
    [['up', 'now'], /too many arguments/],
    [['scale'], /missing required argument 'instances'/],
    [['scale', '0'], /must be from 1 to 64, not 0\n {2}For example: \.\/holdfast scale 5/],
    [['scale', 'x'], /must be from 1 to 64, not x/],
    [
      ['switchover', '--to', 'redis-3'],
      /there is no Redis node redis-3\n {2}The nodes are redis-0, redis-1, redis-2/,
    ],
    [['restart'], /missing required argument 'component'/],
    [['restart', 'redsi-1'], /there is no part redsi-1; did you mean redis-1\?/],
    [['logs', 'nginx'], /there is no part nginx\n {2}The parts are redis-0, /],
    [['up', '--target', 'kubernetes'], /there is no kubeconfig at none\.kubeconfig/],
    [['up', '--target', 'mars'], /there is no target mars\n {2}Use --target local or kubernetes/],
    [['render'], /render prints manifests, and the target is local/],
    [
      ['image', '--push', '--spec', 'unbuilt.yaml'],
      /here has the image nobody\/built-this:1\n {2}Build it first, as the same user: make image/,
    ],
    [['up', '--spec', 'none.yaml'], /there is no spec at none\.yaml/],
    [
      ['--spec', 'broken.yaml', 'up'],
      /broken\.yaml:1:7: name must be[\s\S]*broken\.yaml:2:1: nodes is not known/,
    ],
    [['spec', '--spec', '.'], /it is a directory/],
    [
      ['down', '--purge'],
      /there is no terminal to ask\n {2}If that is meant: \.\/holdfast down --purge --yes/,
    ],
    [['agent'], /agent needs the index of its Redis node/],
    [['agent', '--node', '0'], /there is no deployment in .*cli-test\n {2}Bring one up first/],
    [['gateway'], /there is no deployment in .*\.holdfast\/cli-test/],
    [['gateway', '--foo'], /gateway has 2 problems:\n {2}--foo is not known\n {2}--sentinels is missing/],
    [['gateway', '--stat-dir', 'x'], /--stat-dir is not known: did you mean --state-dir\?/],
    [
      ['gateway', '--sentinels', 'a', '--limits', 'none.yaml'],
      /--limits: none\.yaml cannot be read\n {2}It is YAML like a spec/,
    ],
    [
      ['--spec', 'holdfast.yaml', 'gateway', '--sentinels', 'a', '--ack', 'x', '--reads', 'y'],
      /--ack[\s\S]*--reads[\s\S]*See: \.\/holdfast gateway --help, and docs\/standalone\.md/,
    ],
    [['--spec', 'broken.yaml', 'gateway'], /broken\.yaml has 2 problems/],
    [['counter', '--port', '1'], /Unknown option '--port'/],
  ]
  for (const [args, expected] of mistakes) {
    it(`${args.join(' ')}: exit code 2, what to type, no stack`, async () => {
      const { exitCode, stdout, stderr } = await run(args, { KUBECONFIG: 'none.kubeconfig' })
      assert.match(stderr, expected)
      assert.doesNotMatch(stderr, /\n\s+at /)
      assert.equal(stdout, '')
      assert.equal(exitCode, 2)
    })
  }

  it('takes the environment of the counter seriously', async () => {
    const { exitCode, stderr } = await run(['counter'], { PORT: 'x' })
    assert.equal(exitCode, 2)
    assert.match(stderr, /PORT/)
  })

  it('spec prints what is effective, as YAML and JSON', async () => {
    assert.match((await run(['spec'])).stdout, /^name: cli-test\n[\s\S]*network: 127\.30\.3\.0\/24\n/)
    const { stdout } = await run(['--spec', 'holdfast.yaml', 'spec', '--json'])
    assert.equal((JSON.parse(stdout) as { redis: { nodes: number } }).redis.nodes, 3)
  })

  it('image prints the name that manifests have', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    assert.equal((await run(['image'])).stdout, `devops/counter:${version}\n`)
    const { stdout } = await run(['image', '--json'])
    assert.deepEqual(JSON.parse(stdout), { image: `devops/counter:${version}` })
  })

  it('version names everything', async () => {
    const { stdout, exitCode } = await run(['version', '--json'])
    assert.equal(exitCode, 0)
    assert.equal((JSON.parse(stdout) as { node: string }).node, process.versions.node)
    assert.match((await run(['version'])).stdout, /^holdfast +\d+\.\d+\.\d+\nnode +24\./)
  })

  it('ends quietly when the reader of its output leaves', async () => {
    const child = start(['spec'])
    child.stdout.destroy()
    const [stderr, exitCode] = await Promise.all([text(child.stderr), exitOf(child)])
    assert.equal(stderr, '')
    assert.equal(exitCode, 0)
  })
})
