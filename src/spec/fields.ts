import * as z from 'zod'

import { formatAddress, networkBase, parseBytes, parseDuration, parseListen, parseNetwork } from './units.ts'
import type { Ack } from './gateway-settings.ts'
import type { Listen, Network } from './units.ts'

/** Where a password comes from. The text itself is resolved only when something is started (password.ts). */
export type PasswordSource =
  | { readonly kind: 'generate' }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }

export function wholeNumber(min: number, max: number): z.ZodInt {
  const message = `must be a whole number from ${min} to ${max}`
  return z.int(message).min(min, message).max(max, message)
}

export function oddNumber(min: number, max: number): z.ZodInt {
  const message = `must be an odd number from ${min} to ${max}`
  return z
    .int(message)
    .min(min, message)
    .max(max, message)
    .refine((value) => value % 2 === 1, message)
}

/** Replicas to wait for; how many there are is known only with `redis.nodes`. */
export function ack(): z.ZodType<Ack> {
  const message = 'must be in-sync, or a number of replicas from 0 to 8'
  return z.union([z.literal('in-sync'), z.int(message).min(0, message).max(8, message)], message)
}

export function duration({ min, max, range }: { min: number; max: number; range: string }): Parsed<number> {
  const message = `must be a duration with its unit, like 10s or 500ms, ${range}`
  return parsed(z.string(message), message, (text) => {
    const ms = parseDuration(text)
    return ms !== undefined && ms >= min && ms <= max ? ms : undefined
  })
}

export function bytes({ min, minText }: { min: number; minText: string }): Parsed<number> {
  const message = `must be a size like 256mb or 2gb, at least ${minText}, or 0 for no limit`
  return parsed(z.union([z.string(), z.literal(0)], message), message, (written) => {
    const size = parseBytes(String(written))
    return size === 0 || (size !== undefined && size >= min) ? size : undefined
  })
}

/** A size that has to be one: there is no "no limit". */
export function size({ min, max, range }: { min: number; max: number; range: string }): Parsed<number> {
  const message = `must be a size like 64mb, ${range}`
  return parsed(z.string(message), message, (text) => {
    const bytes = parseBytes(text)
    return bytes !== undefined && bytes >= min && bytes <= max ? bytes : undefined
  })
}

export function listen(): Parsed<Listen> {
  const message = 'must be an IPv4 address and a port'
  return parsed(z.string(message), message, parseListen)
}

export function urlPath(): z.ZodString {
  const message = 'must be a path that begins with "/", of printable characters without spaces'
  return z.string(message).regex(/^\/[\x21-\x7e]*$/, message)
}

export function path(): z.ZodString {
  const message = 'must be a path'
  return z.string(message).regex(noNull, message)
}

/** One line for the shell, or argv. */
export function command(): z.ZodType<string | string[]> {
  const message = 'must be one line of shell, or a list of texts: a program and its arguments'
  const line = z.string().trim().min(1, message).regex(noNull, message)
  return z.union([line, z.array(z.string().regex(noNull, message)).min(1, message)], message)
}

// A null character ends a text for the operating system, wherever it stands.
const noNull = /^[^\0]+$/

/** Within 127.0.0.0/8; its first address must be the network's own. */
export function loopbackNetwork(): Parsed<Network> {
  const message = 'must be a network within 127.0.0.0/8'
  return z.string(message).transform((text, context) => {
    const written = parseNetwork(text)
    const network = written && networkBase(written)
    if (
      written === undefined ||
      network === undefined ||
      written.prefix < 8 ||
      network.first >>> 24 !== 127
    ) {
      return reject(context, message)
    }
    if (network.first !== written.address) {
      return reject(
        context,
        `must begin at its first address: ${formatAddress(network.first)}/${written.prefix}`,
      )
    }
    return network
  })
}

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/
const reserved = /^(?:PORT|HOST|REDIS_.*|HOLDFAST_.*)$/

export function variables(): Parsed<Record<string, string>> {
  return z.unknown().transform((written, context): Record<string, string> => {
    if (typeof written !== 'object' || written === null || Array.isArray(written)) {
      return reject(context, 'must be a mapping of names to texts')
    }
    const entries = Object.entries(written)
    for (const [name, value] of entries) {
      const message = variableProblem(name, value)
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message })
    }
    return Object.fromEntries(entries)
  })
}

function variableProblem(name: string, value: unknown): string | undefined {
  if (reserved.test(name)) return 'is set by Holdfast and cannot be given'
  if (!variableName.test(name)) return 'is no name of a variable (letters, digits, _)'
  if (typeof value !== 'string') return 'must be text: put the value in quotes'
  return value.includes('\0') ? 'must not contain a null character' : undefined
}

/** A password written into the file is refused with words of its own, which never repeat it. */
export function passwordSource(): Parsed<PasswordSource> {
  const plain =
    'must not be the password itself, this file is not secret: generate, {env: NAME} or {file: PATH}'
  const other = 'must be generate, {env: NAME} or {file: PATH}'
  return z.unknown().transform((written, context): PasswordSource => {
    if (written === 'generate') return { kind: 'generate' }
    if (typeof written !== 'object' || written === null) return reject(context, plain)
    const [[key, value] = [], ...more] = Object.entries(written)
    if (more.length > 0 || typeof value !== 'string' || value === '') return reject(context, other)
    if (key === 'file') return { kind: 'file', path: value }
    if (key !== 'env') return reject(context, other)
    if (variableName.test(value)) return { kind: 'env', name: value }
    return reject(context, 'must name a variable (letters, digits, _)')
  })
}

type Parsed<T> = z.ZodType<T>

function parsed<In, Out>(
  schema: z.ZodType<In>,
  message: string,
  parse: (written: In) => Out | undefined,
): Parsed<Out> {
  return schema.transform((written, context) => parse(written) ?? reject(context, message))
}

function reject(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
