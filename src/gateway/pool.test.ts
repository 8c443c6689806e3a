import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pool, type PoolOptions } from './pool.ts'

test("who waits for a user's rights is told to ask again when the question came to nothing", async () => {
  let asked = 0
  const rights = (): Promise<never> => {
    asked++
    return Promise.reject(new Error('no answer in time'))
  }
  const pool = new Pool({ rights } as unknown as PoolOptions)
  for (let time = 1; time <= 2; time++) {
    await new Promise<void>((resolve) => {
      assert.equal(pool.knowsRights(resolve), false)
    })
    assert.equal(asked, time)
  }
})
