import { join } from 'node:path'

/** Where what manifests were rendered with is kept, beside the spec. */
export function keptSecretsOf(directory: string, name: string): string {
  return join(directory, '.holdfast', `${name}.kubernetes`, 'secrets')
}
