import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { routeOf } from './path.ts'

const bytesOf = (target: string) => {
  const route = routeOf(target)
  return route.kind === 'id' ? Buffer.from(route.key) : route.kind
}

test('an id of any bytes, percent-encoded in part or whole, is the key of the same bytes', () => {
  const segment = fc.array(fc.tuple(fc.nat(255), fc.constantFrom('raw', 'upper', 'lower')), { minLength: 1 })
  fc.assert(
    fc.property(segment, (parts) => {
      const encoded = parts.map(([byte, how]) => {
        const character = String.fromCharCode(byte)
        if (how === 'raw' && !'%/?'.includes(character)) return character
        const hex = byte.toString(16).padStart(2, '0')
        return `%${how === 'lower' ? hex : hex.toUpperCase()}`
      })
      const bytes = Buffer.from(parts.map(([byte]) => byte))
      const expected = bytes.equals(Buffer.from('ping')) ? 'health' : bytes
      assert.deepEqual(bytesOf(`/${encoded.join('')}`), expected)
    }),
  )
})

test('what encodeURIComponent encodes comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (id) => {
      fc.pre(id !== 'ping')
      assert.deepEqual(bytesOf(`/${encodeURIComponent(id)}?query=%zz/`), Buffer.from(id))
    }),
  )
})

test('nothing makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (target) => {
      routeOf(target)
      routeOf(`/${target}`)
    }),
  )
})
