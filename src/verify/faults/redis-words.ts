import { parseInfo } from '../../agent/redis-info.ts'
import type { FaultContext, FaultDriver } from './fault.ts'
import { failed } from './steps.ts'

export async function infoOf(
  driver: FaultDriver,
  node: number,
  section: string,
): Promise<ReadonlyMap<string, string>> {
  return parseInfo(String(await driver.redis(node, ['INFO', section])))
}

/** One setting of a node, in Redis' own notation. */
export async function settingOf(driver: FaultDriver, node: number, setting: string): Promise<string> {
  const answer = await driver.redis(node, ['CONFIG', 'GET', setting])
  const value: unknown = Array.isArray(answer) ? (answer as unknown[])[1] : undefined
  if (typeof value !== 'string') throw failed(`redis-${node} does not know the setting ${setting}`)
  return value
}

/** Sets it until it is healed. @returns puts back what was there */
export async function setUntilHealed(
  { driver }: FaultContext,
  node: number,
  setting: string,
  value: string,
): Promise<() => Promise<void>> {
  const before = await settingOf(driver, node, setting)
  const restore = ['CONFIG', 'SET', setting, before]
  await driver.change(node, ['CONFIG', 'SET', setting, value], restore)
  return async () => {
    await driver.redis(node, restore)
  }
}

/** What one sentinel says of the primary: `ip`, `port`, `flags`, `config-epoch`, … */
export async function masterSeenBy(
  driver: FaultDriver,
  sentinel: number,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const answer = await driver.sentinel(sentinel, ['SENTINEL', 'MASTER', name])
  const flat = Array.isArray(answer) ? answer.map(String) : []
  return new Map(
    flat.flatMap((field, index) => (index % 2 === 0 ? [[field, flat[index + 1] ?? ''] as const] : [])),
  )
}

/** `address:port` that a sentinel takes for the primary. */
export async function addressSeenBy(driver: FaultDriver, sentinel: number, name: string): Promise<string> {
  const seen = await masterSeenBy(driver, sentinel, name)
  return `${seen.get('ip') ?? ''}:${seen.get('port') ?? ''}`
}
