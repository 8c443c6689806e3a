import type * as z from 'zod'

import type { FieldMeta } from './field.ts'
import { groups, sections, specSchema } from './schema.ts'

export interface FieldDescription extends FieldMeta {
  /** `app.instances` */
  readonly path: string
}

/** Every field of a spec in the order of the schema. */
export function describeFields(): readonly FieldDescription[] {
  const fields: readonly [string, z.ZodType][] = Object.entries(specSchema.shape)
  return fields.flatMap(([key, schema]) => {
    if (!isSection(key)) return [{ path: key, ...metaOf(schema) }]
    const inside: readonly [string, z.ZodType][] = Object.entries(sections[key].shape)
    return inside.flatMap(([name, inner]) => {
      const group = groups[key]?.[name]
      if (group === undefined) return [{ path: `${key}.${name}`, ...metaOf(inner) }]
      const members: readonly [string, z.ZodType][] = Object.entries(group.shape)
      return members.map(([member, schema]) => ({ path: `${key}.${name}.${member}`, ...metaOf(schema) }))
    })
  })
}

/** @returns the keys that a mapping at this path may have; undefined where any or none may stand */
export function keysAt(path: readonly PropertyKey[]): readonly string[] | undefined {
  if (path.length === 0) return Object.keys(specSchema.shape)
  const [key, name] = path
  if (typeof key !== 'string' || !isSection(key)) return undefined
  if (path.length === 1) return Object.keys(sections[key].shape)
  const group = path.length === 2 && typeof name === 'string' ? groups[key]?.[name] : undefined
  return group === undefined ? undefined : Object.keys(group.shape)
}

export function isSection(key: string): key is keyof typeof sections {
  return Object.hasOwn(sections, key)
}

function metaOf(schema: z.ZodType): FieldMeta {
  return schema.meta() as unknown as FieldMeta
}
