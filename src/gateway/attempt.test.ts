import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wordedCommand } from './attempt.ts'
import { blockingForm } from './blocking-forms.ts'

test("a command of the gateway's wording has its name in upper case, as the table of commands has it", () => {
  const command = wordedCommand('xreadgroup GROUP g c BLOCK 500 STREAMS key >'.split(' '), 0)
  assert.equal(command.request.name, 'XREADGROUP')
  const attempt = wordedCommand(blockingForm(command.request)?.attempt(null) ?? [], 0)
  assert.equal(attempt.request.name, 'XREADGROUP')
})
