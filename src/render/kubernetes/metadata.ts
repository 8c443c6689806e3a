import type { ObjectMeta } from './objects.ts'
import type { Component, ManifestInput } from './manifest-input.ts'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
const label = (name: string): string => `app.kubernetes.io/${name}`

/** By these a workload finds its pods. They can never change, so nothing of the spec but the name is in them. */
export function selectorOf({ topology: { name } }: ManifestInput, component: Component) {
  return { [label('instance')]: name, [label('component')]: component }
}

export function metadata(
  input: ManifestInput,
  name: string,
  component: Component | null,
  annotations: Readonly<Record<string, string>> = {},
): ObjectMeta {
  const { kubernetes } = input.topology
  return {
    name,
    namespace: kubernetes.namespace,
    labels: labelsOf(input, component),
    ...annotationsOf(input, annotations),
  }
}

export function podMetadata(input: ManifestInput, component: Component, configuration: string): ObjectMeta {
  return {
    labels: labelsOf(input, component),
    ...annotationsOf(input, {
      // Whose log `kubectl logs` shows.
      'kubectl.kubernetes.io/default-container': component,
      'holdfast/configuration': input.digest(configuration),
    }),
  }
}

/** Own labels come last: whoever gives one of these in the spec does not take the pods away from their workload. */
export function labelsOf(input: ManifestInput, component: Component | null): Record<string, string> {
  const { name, kubernetes } = input.topology
  return {
    ...kubernetes.labels,
    [label('name')]: 'holdfast',
    [label('managed-by')]: 'holdfast',
    ...(component === null ? { [label('instance')]: name } : selectorOf(input, component)),
  }
}

function annotationsOf(
  { topology: { kubernetes } }: ManifestInput,
  own: Readonly<Record<string, string>>,
): Pick<ObjectMeta, 'annotations'> {
  const annotations = { ...kubernetes.annotations, ...own }
  return Object.keys(annotations).length === 0 ? {} : { annotations }
}
