import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import fc from 'fast-check'

import {
  formatAddress,
  networkBase,
  parseAddress,
  parseBytes,
  parseDuration,
  parseListen,
  parseNetwork,
} from './units.ts'

describe('units of a spec', () => {
  it('reads durations', () => {
    const cases = { '10s': 10_000, '500ms': 500, '2m': 120_000, '1.5s': 1500, '0s': 0 }
    for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text)
    for (const text of ['', '10', 's', '-1s', '1h', '10 s', '1e3s', '.5s'])
      assert.equal(parseDuration(text), undefined, text)
  })

  it("reads sizes in Redis' notation", () => {
    const cases = { '0': 0, '1kb': 1024, '1k': 1000, '256mb': 2 ** 28, '2GB': 2 ** 31, '100m': 1e8, '5b': 5 }
    for (const [text, bytes] of Object.entries(cases)) assert.equal(parseBytes(text), bytes, text)
    for (const text of ['', 'mb', '1.5gb', '-1', '1tb', '999999999999999gb'])
      assert.equal(parseBytes(text), undefined, text)
  })

  it('reads addresses and networks', () => {
    assert.deepEqual(parseListen('127.0.0.1:6379'), { host: '127.0.0.1', port: 6379 })
    for (const text of [
      '127.0.0.1',
      ':6379',
      '127.0.0.01:1',
      '127.0.0.1:65536',
      '127.0.0.1:0',
      '[::1]:80',
      '1.2.3:4',
    ]) {
      assert.equal(parseListen(text), undefined, text)
    }
    assert.deepEqual(parseNetwork('127.0.1.0/24'), { address: 0x7f000100, prefix: 24 })
    assert.deepEqual(networkBase({ address: 0x7f000105, prefix: 24 }), { first: 0x7f000100, size: 256 })
    for (const text of ['127.0.1.0', '127.0.1.0/33', '127.0.1/24', 'x/24'])
      assert.equal(parseNetwork(text), undefined, text)
  })

  it('writes an address as it is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (address) => {
        assert.equal(parseAddress(formatAddress(address)), address)
      }),
    )
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const address = parseAddress(text)
        if (address !== undefined) assert.equal(formatAddress(address), text)
      }),
    )
  })
})
