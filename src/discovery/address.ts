import type { RedisAddress } from './redis-client.ts'

/** One text for one address, so that what different sentinels say can be compared: host names in small letters. */
export function addressKey({ host, port }: RedisAddress): string {
  return `${host.toLowerCase()}:${String(port)}`
}

/** @returns null when it is no address */
export function addressOf(host: string | undefined, port: string | undefined): RedisAddress | null {
  if (host === undefined || host === '' || port === undefined || !/^\d{1,5}$/.test(port)) return null
  const number = Number(port)
  return number > 0 && number < 65_536 ? { host, port: number } : null
}
