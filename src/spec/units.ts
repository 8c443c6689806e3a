/** The notations of a spec's values, each parsed into plain numbers. All return undefined for what they do not understand. */

export interface Listen {
  /** IPv4 address. */
  readonly host: string
  readonly port: number
}

export interface Network {
  /** First address, as a number of 32 bits. */
  readonly first: number
  /** How many addresses. */
  readonly size: number
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/** @param text `500ms`, `10s`, `1.5s`, `2m` @returns milliseconds */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? []
  const factor = durationUnits[unit ?? '']
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor)
}

// As redis.conf has them: https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/ ("Note on units").
const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 2 ** 10,
  m: 1e6,
  mb: 2 ** 20,
  g: 1e9,
  gb: 2 ** 30,
}

/** @param text `256mb`, `1gb`, `100m`, `0`: Redis' own notation @returns bytes */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,15})([kmg]?b?)$/.exec(text.toLowerCase()) ?? []
  const factor = byteUnits[unit ?? '']
  if (amount === undefined || factor === undefined) return undefined
  const bytes = Number(amount) * factor
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** @returns the address as a number of 32 bits */
export function parseAddress(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1)
  if (parts?.some((part) => String(Number(part)) !== part || Number(part) > 255) ?? true) return undefined
  return parts?.reduce((sum, part) => sum * 256 + Number(part), 0)
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => String((address >>> shift) & 255)).join('.')
}

/** @param text `127.0.0.1:6379` */
export function parseListen(text: string): Listen | undefined {
  const [, host, port] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || port === undefined || parseAddress(host) === undefined) return undefined
  return Number(port) >= 1 && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined
}

/** @param text `127.0.1.0/24`; bits below the prefix may be set, see {@link networkBase} */
export function parseNetwork(text: string): { address: number; prefix: number } | undefined {
  const [, host, bits] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? []
  const address = host === undefined ? undefined : parseAddress(host)
  const prefix = Number(bits)
  return address === undefined || prefix > 32 ? undefined : { address, prefix }
}

export function networkBase({ address, prefix }: { address: number; prefix: number }): Network {
  const size = 2 ** (32 - prefix)
  return { first: address - (address % size), size }
}
