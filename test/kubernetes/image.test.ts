import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { noImages, sharedImage, type BuiltImage } from '../harness/image.ts'

describe('the image', { skip: noImages() }, () => {
  let image: BuiltImage | undefined
  before(() => {
    image = sharedImage()
  })

  const run = (...argv: string[]): string => image?.run(...argv) ?? assert.fail('there is no image')
  const holdfast = ['node', '/opt/holdfast/src/cli/main.ts']

  it('has the servers and the pinned Node', () => {
    const versions = run(...holdfast, 'version')
    assert.match(versions, /^node +24\./m)
    assert.match(versions, /^(redis|valkey)-server +\d/m)
  })

  it('is run by a user that is not root, and that owns nothing of the code', () => {
    assert.match(run('id', '-u'), /^10001$/m)
    const own = run(
      'find',
      '/opt/holdfast',
      '-writable',
      '-not',
      '-path',
      '/opt/holdfast/.compile-cache*',
      '-not',
      '-type',
      'l',
    )
    assert.equal(own, '')
  })

  it('has every role, and what the manifests call in it', () => {
    for (const role of ['agent', 'gateway', 'counter'])
      assert.match(run(...holdfast, role, '--help'), /Usage/)
    for (const program of ['tini', 'sh', 'sleep', 'timeout', 'redis-cli']) run('which', program)
  })

  it('carries nothing of what it was built with', () => {
    assert.equal(
      run('sh', '-c', 'ls -d /opt/holdfast/node_modules/typescript /usr/local/bin/npm 2>/dev/null || true'),
      '',
    )
  })
})
