import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { findProgram } from '../platform/run-program.ts'
import { parseSpec } from '../spec/parse.ts'
import { buildTopology } from '../topology/build.ts'
import type { Topology } from '../topology/topology.ts'
import { instanceAddress, renderHaproxyCfg, type HaproxyOptions } from './haproxy-cfg.ts'

const options: HaproxyOptions = {
  runtimeSocket: 'unix@run/front-door.sock',
  ready: [0, 2],
  listenFd: null,
  maxConnections: 4096,
}

const haproxy = findProgram(['haproxy'], process.env)
const golden = new URL('haproxy-cfg.golden', import.meta.url)

function topologyOf(text: string): Topology {
  return buildTopology(parseSpec(text, 'holdfast.yaml'), '/srv/app')
}

describe('haproxy.cfg', () => {
  test('of the default deployment is what it was', () => {
    const rendered = renderHaproxyCfg(topologyOf('name: counter'), options)
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, rendered)
    assert.equal(rendered, readFileSync(golden, 'utf8'))
  })

  test('names every slot, and serves only from those that are ready', () => {
    const rendered = renderHaproxyCfg(topologyOf('name: counter'), options)
    const slots = rendered.split('\n').filter((line) => line.startsWith('  server app-'))
    assert.equal(slots.length, 65)
    assert.deepEqual(
      slots.filter((line) => !line.endsWith(' disabled')),
      ['  server app-0 127.0.0.1:18080', '  server app-2 127.0.0.1:18082'],
    )
    assert.deepEqual(instanceAddress(topologyOf('app: {port: 9000}'), 7), { host: '127.0.0.1', port: 9007 })
  })

  const standard = topologyOf('name: counter')
  const awkward = `/he%20alth?a='b'&c="d"\\#e`
  const cases: Readonly<Record<string, readonly [Topology, HaproxyOptions]>> = {
    'the default': [standard, options],
    'a health path that needs quoting': [
      { ...standard, app: { ...standard.app, healthPath: awkward } },
      options,
    ],
    'an application of the user': [topologyOf('app: {command: ./serve}'), options],
  }
  for (const [name, [topology, used]] of Object.entries(cases)) {
    test(`HAProxy accepts it: ${name}`, { skip: haproxy === null && 'haproxy is not installed' }, () => {
      const directory = mkdtempSync(join(tmpdir(), 'haproxy-cfg-'))
      const file = join(directory, 'haproxy.cfg')
      writeFileSync(file, renderHaproxyCfg(topology, used))
      const { status, stderr } = spawnSync(haproxy ?? '', ['-c', '-f', file], { encoding: 'utf8' })
      assert.equal(status, 0, stderr)
      assert.doesNotMatch(stderr, /WARNING/)
      rmSync(directory, { recursive: true })
    })
  }
})
