import type { Manifest } from './objects.ts'
import { stringify } from 'yaml'

/** The objects as one file of YAML for `kubectl apply -f` and kustomize. */
export function manifestYaml(objects: readonly Manifest[]): string {
  return objects.map((object) => `---\n${write(object)}`).join('')
}

/**
 * Block texts lose spaces at their beginning, aliases are none of Kubernetes' business, and kubectl reads YAML 1.1, where `yes`
 * and `1:30` are no texts: what either version takes for something else is quoted.
 */
function write(object: Manifest): string {
  return stringify(object, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    schema: 'yaml-1.1',
    compat: 'core',
  })
}
