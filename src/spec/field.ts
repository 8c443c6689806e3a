import type * as z from 'zod'

/** What the reference (docs/spec.md) and error messages say about a field. */
export interface FieldMeta {
  readonly description: string
  /** What may be written, in words. */
  readonly accepts: string
  /** As text, since some depend on other fields. */
  readonly default: string
  /** A value as it is written in YAML. */
  readonly example: string
  /** YAML of a whole spec, for a field that cannot stand alone. */
  readonly inSpec?: string
}

export function field<T extends z.ZodType>(schema: T, meta: FieldMeta): T {
  return schema.meta({ ...meta })
}
