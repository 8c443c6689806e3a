import { HoldfastError } from '../errors.ts'
import type { Epoch, InSyncRecord } from '../insync/record.ts'
import type { FenceRequest, FollowRequest } from './api.ts'

/**
 * Reads what the agents' interface is sent. By hand: a schema library would cost every node 10 MB (measured).
 * Each throws USAGE when the body is not of its shape.
 */
export function readFence(body: unknown): FenceRequest {
  return { epoch: readEpoch(field(body, 'epoch')) }
}

export function readFollow(body: unknown): FollowRequest {
  return {
    epoch: readEpoch(field(body, 'epoch')),
    record: readRecord(field(body, 'record')),
    founding: field(body, 'founding') === true,
  }
}

export function readPriority(body: unknown): { readonly value: number; readonly forMs: number } {
  return {
    value: natural(field(body, 'value'), 'value', 100),
    forMs: natural(field(body, 'forMs'), 'forMs', 60_000),
  }
}

/** @returns undefined when no node is named */
export function readTarget(body: unknown): number | undefined {
  const to = field(body, 'to')
  return to === undefined ? undefined : natural(to, 'to')
}

export function readComponent(body: unknown): 'redis' | 'sentinel' {
  const component = field(body, 'component')
  if (component === 'redis' || component === 'sentinel') return component
  throw malformed('component')
}

function readEpoch(value: unknown): Epoch {
  return { number: natural(field(value, 'number'), 'number'), node: natural(field(value, 'node'), 'node') }
}

function readRecord(value: unknown): InSyncRecord {
  const members = field(value, 'members')
  const run = field(value, 'run')
  if (!Array.isArray(members)) throw malformed('members')
  if (typeof run !== 'string') throw malformed('run')
  return {
    epoch: readEpoch(field(value, 'epoch')),
    version: natural(field(value, 'version'), 'version'),
    members: members.map((member) => natural(member, 'members')),
    commits: natural(field(value, 'commits'), 'commits'),
    run: run,
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function natural(value: unknown, name: string, limit = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= limit) return value
  throw malformed(name)
}

function malformed(name: string): HoldfastError {
  return new HoldfastError('USAGE', `the field ${name} is missing or not as it should be`)
}
