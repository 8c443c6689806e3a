import type { RedisAddress } from '../discovery/redis-client.ts'
import { parseDuration } from '../spec/units.ts'

/** What flags may say; each parser returns undefined for what it does not understand. */
const sentinelPort = 26_379

/** @param text `a:26379,10.0.0.2,[::1]:26379` */
export function parseAddresses(text: string): readonly RedisAddress[] | undefined {
  const addresses = text.split(',').map((one) => parseAddress(one.trim()))
  return addresses.every((address) => address !== undefined) ? addresses : undefined
}

function parseAddress(text: string): RedisAddress | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const number = port === undefined ? sentinelPort : Number(port)
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number }
}

export function nonEmpty(text: string): string | undefined {
  return /^[^\s\0]+$/.test(text) ? text : undefined
}

export function holdMs(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms >= 100 && ms <= 600_000 ? ms : undefined
}

export function wholeNumber(min: number, max: number): (text: string) => number | undefined {
  return (text) =>
    /^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined
}

export function oneOf<T extends string>(words: readonly T[]): (text: string) => T | undefined {
  return (text) => words.find((word) => word === text)
}
