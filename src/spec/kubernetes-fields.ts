import * as z from 'zod'

import type { Resources, Texts, Toleration } from './kubernetes-settings.ts'
import { orList } from './or-list.ts'

/** Names of objects: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export function dnsLabel(): z.ZodString {
  const message = 'must be a name of lower-case letters, digits and dashes, at most 63 characters'
  return z.string(message).regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, message)
}

const dnsNamePattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

export function dnsName(): z.ZodString {
  const message = 'must be a name of lower-case letters, digits, dashes and dots'
  return z.string(message).regex(dnsNamePattern, message)
}

export function dnsNames(): z.ZodType<string[]> {
  const message = 'must be a list of names (lower-case letters, digits, dashes and dots)'
  return z.array(z.string(message).regex(dnsNamePattern, message), message)
}

/** Names in a kubeconfig, which may be anything: `arn:aws:eks:eu-central-1:1:cluster/shop`. */
export function contexts(): z.ZodType<string[]> {
  const message = 'must be a list of kube contexts, like [prod]'
  return z.array(z.string(message).min(1, message).max(512, message), message)
}

/** `registry:5000/group/name:tag@sha256:…` */
export function image(): z.ZodString {
  const message = 'must be the name of an image, like registry.example.com/shop/counter:1.2'
  const name = /^[a-z0-9][a-z0-9._-]*(:\d{1,5})?(\/[a-z0-9._-]+)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/
  return z.string(message).max(512, message).regex(name, message)
}

const quantityPattern = /^\d{1,15}(\.\d{1,9})?([numkMGTPE]|[KMGTPE]i)?$/

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export function storageQuantity(): z.ZodString {
  const message = 'must be an amount like 10Gi'
  return z.string(message).regex(/^[1-9]\d{0,14}([kMGTPE]|[KMGTPE]i)$/, message)
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const keyPattern = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const labelPattern = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/
const ownKeys = /^(app\.kubernetes\.io\/(name|instance|component|managed-by)|holdfast\/.*)$/

export function labels(): z.ZodType<Texts> {
  return texts((key, value) => {
    if (ownKeys.test(key)) return 'is set by Holdfast and cannot be given'
    return labelPattern.test(value) ? undefined : 'must be letters, digits, ".", "_" and "-", at most 63'
  })
}

/** Of objects that somebody else labels. */
export function labelsSought(): z.ZodType<Texts> {
  return texts((_, value) => (labelPattern.test(value) ? undefined : 'is no value that a label can have'))
}

export function annotations(): z.ZodType<Texts> {
  return texts((key) => (ownKeys.test(key) ? 'is set by Holdfast and cannot be given' : undefined))
}

function texts(problemOf: (key: string, value: string) => string | undefined): z.ZodType<Texts> {
  return z.unknown().transform((written, context): Texts => {
    if (!isMapping(written)) return reject(context, [], 'must be a mapping of names to texts')
    for (const [key, value] of Object.entries(written)) {
      const problem = !keyPattern.test(key)
        ? 'is no name that Kubernetes takes (like example.com/team)'
        : typeof value !== 'string'
          ? 'must be text: put the value in quotes'
          : problemOf(key, value)
      if (problem !== undefined) reject(context, [key], problem)
    }
    return written as Texts
  })
}

const tolerationFields: Readonly<Record<keyof Toleration, (value: unknown) => string | undefined>> = {
  key: (value) =>
    typeof value === 'string' && keyPattern.test(value) ? undefined : 'must be the key of a taint',
  operator: oneOf('Exists', 'Equal'),
  value: (value) => (typeof value === 'string' ? undefined : 'must be text'),
  effect: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  tolerationSeconds: (value) => (Number.isInteger(value) ? undefined : 'must be a whole number'),
}

export function tolerations(): z.ZodType<readonly Toleration[]> {
  return z.unknown().transform((written, context): readonly Toleration[] => {
    if (!Array.isArray(written)) return reject(context, [], 'must be a list of tolerations')
    for (const [index, toleration] of (written as readonly unknown[]).entries()) {
      if (!isMapping(toleration))
        reject(context, [], `must be a list of mappings (its item ${index + 1} is none)`)
      else
        checkToleration(toleration, (problem) => reject(context, [], `${problem} (in its item ${index + 1})`))
    }
    return written as readonly Toleration[]
  })
}

function checkToleration(written: Record<string, unknown>, report: (problem: string) => void): void {
  for (const [name, value] of Object.entries(written)) {
    if (!isToleration(name))
      report(`has ${name}, and a toleration has ${Object.keys(tolerationFields).join(', ')}`)
    else {
      const problem = tolerationFields[name](value)
      if (problem !== undefined) report(`has ${name}, which ${problem}`)
    }
  }
  if (written.key === undefined && written.operator !== 'Exists') report('needs a key, or operator: Exists')
}

function isToleration(name: string): name is keyof Toleration {
  return Object.hasOwn(tolerationFields, name)
}

function oneOf(...words: readonly string[]): (value: unknown) => string | undefined {
  return (value) => (words.some((word) => word === value) ? undefined : `must be ${orList(words)}`)
}

const sides = ['requests', 'limits'] as const
const amounts = ['cpu', 'memory', 'ephemeral-storage']

export function resources(): z.ZodType<Resources> {
  return z.unknown().transform((written, context): Resources => {
    const message =
      'must be a mapping like { requests: { cpu: 100m, memory: 256Mi }, limits: { memory: 1Gi } }'
    if (!isMapping(written)) return reject(context, [], message)
    for (const key of Object.keys(written))
      if (!sides.some((side) => side === key)) reject(context, [key], `must be ${orList(sides)}`)
    const [requests, limits] = sides.map((side) => readAmounts(written[side], side, context))
    return { requests: requests ?? {}, limits: limits ?? {} }
  })
}

function readAmounts(written: unknown, side: string, context: z.RefinementCtx): Texts {
  if (written === undefined || written === null) return {}
  if (!isMapping(written))
    return reject(context, [side], `must be a mapping of ${orList(amounts)} to amounts`)
  const entries = Object.entries(written).map(([name, amount]) => {
    // `cpu: 2` is a number for YAML.
    const text = typeof amount === 'number' ? String(amount) : amount
    if (!amounts.includes(name)) reject(context, [side, name], `is not known here: ${orList(amounts)}`)
    else if (typeof text !== 'string' || !quantityPattern.test(text))
      reject(context, [side, name], 'must be an amount like 500m, 2, 256Mi or 1Gi')
    return [name, typeof text === 'string' ? text : ''] as const
  })
  return Object.fromEntries(entries)
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function reject(context: z.RefinementCtx, path: string[], message: string): never {
  context.addIssue({ code: 'custom', path, message })
  return z.NEVER
}
