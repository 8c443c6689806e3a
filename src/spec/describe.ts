import type * as z from 'zod'

import { sections, specSchema } from './schema.ts'
import type { FieldMeta } from './schema.ts'

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
    return inside.map(([name, inner]) => ({
      path: `${key}.${name}`,
      ...metaOf(inner),
    }))
  })
}

/** @returns the keys that a mapping at this path may have; undefined where any or none may stand */
export function keysAt(path: readonly PropertyKey[]): readonly string[] | undefined {
  if (path.length === 0) return Object.keys(specSchema.shape)
  const [key] = path
  return path.length === 1 && typeof key === 'string' && isSection(key)
    ? Object.keys(sections[key].shape)
    : undefined
}

export function isSection(key: string): key is keyof typeof sections {
  return Object.hasOwn(sections, key)
}

function metaOf(schema: z.ZodType): FieldMeta {
  return schema.meta() as unknown as FieldMeta
}
