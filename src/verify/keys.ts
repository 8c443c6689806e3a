import type { FaultDriver } from './faults/fault.ts'
import type { ClosingCheck } from './verdict.ts'

/** Begins the keys of every run. One that was killed leaves some: the next run finds them by it. */
export const keyPrefix = 'holdfast-verify:'

const pageSize = 1000

/**
 * Removes what is left under the prefix, through the gateway.
 * @returns a check that fails when there is something that cannot be removed
 */
export async function removeKeys(
  driver: Pick<FaultDriver, 'gateway'>,
  prefix: string,
): Promise<ClosingCheck> {
  const name = 'no key of the drill is left'
  try {
    await sweep(driver, prefix, async (keys) => {
      await driver.gateway(['UNLINK', ...keys])
    })
    let left = 0
    await sweep(driver, prefix, (keys) => {
      left += keys.length
      return Promise.resolve()
    })
    return { name, passed: left === 0, words: left === 0 ? `none under ${prefix}` : `${left} are there` }
  } catch (error) {
    return { name, passed: false, words: error instanceof Error ? error.message : String(error) }
  }
}

async function sweep(
  driver: Pick<FaultDriver, 'gateway'>,
  prefix: string,
  visit: (keys: readonly string[]) => Promise<void>,
): Promise<void> {
  let cursor = '0'
  do {
    const reply = await driver.gateway(['SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', String(pageSize)])
    if (!Array.isArray(reply)) throw new Error(`SCAN answered ${String(reply)}`)
    const [next, keys] = reply as [unknown, unknown]
    cursor = String(next)
    const found = Array.isArray(keys) ? keys.map(String) : []
    if (found.length > 0) await visit(found)
  } while (cursor !== '0')
}
