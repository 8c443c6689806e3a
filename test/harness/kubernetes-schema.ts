import * as client from '@kubernetes/client-node'

interface Attribute {
  readonly baseName: string
  readonly type: string
}

/** Of Kubernetes' OpenAPI description, from which the official client's models are generated. */
const models = client as unknown as Readonly<
  Record<string, { getAttributeTypeMap?: () => readonly Attribute[] } | undefined>
>

/**
 * What is wrong with an object by the names and types of the API of the client's version: what the API server would refuse, or
 * drop without a word.
 * @returns `spec.template.foo: is not known`, …
 */
export function schemaProblems(object: { readonly apiVersion: string; readonly kind: string }): string[] {
  const version = object.apiVersion.split('/').at(-1) ?? ''
  const model = `${version.charAt(0).toUpperCase()}${version.slice(1)}${object.kind}`
  return valueProblems(object, model, '')
}

function valueProblems(value: unknown, type: string, path: string): string[] {
  const [, item] = /^Array<(.*)>$/.exec(type) ?? []
  if (item !== undefined) {
    if (!Array.isArray(value)) return [`${path}: must be a list`]
    return value.flatMap((part, index) => valueProblems(part, item, `${path}[${String(index)}]`))
  }
  const [, member] = /^\{ \[key: string\]: (.*); \}$/.exec(type) ?? []
  if (member !== undefined) {
    if (!isMapping(value)) return [`${path}: must be a mapping`]
    return Object.entries(value).flatMap(([key, part]) => valueProblems(part, member, `${path}.${key}`))
  }
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type ? [] : [`${path}: must be a ${type}`]
    case 'IntOrString':
      return typeof value === 'string' || Number.isInteger(value) ? [] : [`${path}: must be a number or text`]
    default:
      return modelProblems(value, type, path)
  }
}

function modelProblems(value: unknown, type: string, path: string): string[] {
  const attributes = models[type]?.getAttributeTypeMap?.()
  if (attributes === undefined) return [`${path}: there is no ${type}`]
  if (!isMapping(value)) return [`${path}: must be a mapping`]
  return Object.entries(value).flatMap(([key, part]) => {
    const attribute = attributes.find(({ baseName }) => baseName === key)
    const inside = path === '' ? key : `${path}.${key}`
    return attribute === undefined ? [`${inside}: is not known`] : valueProblems(part, attribute.type, inside)
  })
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
