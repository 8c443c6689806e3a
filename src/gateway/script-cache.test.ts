import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wordedCommand } from './attempt.ts'
import { ScriptCache } from './script-cache.ts'

const see = (cache: ScriptCache, ...args: string[]): void => {
  cache.saw(wordedCommand(args, 0).request)
}

test('bodies are kept once each, within bounds, until SCRIPT FLUSH', () => {
  const cache = new ScriptCache()
  see(cache, 'EVAL', 'return 1', '0')
  see(cache, 'SCRIPT', 'LOAD', 'return 1')
  see(cache, 'EVALSHA', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', '0')
  assert.equal(cache.size, 1)
  for (let i = 0; i < 1500; i++) see(cache, 'EVAL', `return ${String(i)}`, '0')
  assert.equal(cache.size, 1000)
  for (let i = 0; i < 8; i++) see(cache, 'EVAL', `${String(i)}${' '.repeat(1024 * 1024)}`, '0')
  assert.equal(cache.size, 3)
  see(cache, 'SCRIPT', 'flush')
  assert.equal(cache.size, 0)
})
