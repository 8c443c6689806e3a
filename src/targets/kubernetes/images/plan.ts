import type { Machine } from '../../../render/kubernetes/objects.ts'
import type { KubernetesSettings } from '../../../spec/kubernetes-settings.ts'
import { fullName, hasRegistry } from './commands.ts'

/** What a kubelet reports at most, unless it is told otherwise: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
const reportedImages = 50

/**
 * The images that have to be brought into a cluster of somebody's own. Those whose name has a registry the cluster pulls, and so does it
 * all where the spec says Always.
 * @param own Holdfast's own image, with its tag
 */
export function imagesToBring(
  own: string,
  { appImage, imagePullPolicy }: Pick<KubernetesSettings, 'appImage' | 'imagePullPolicy'>,
): readonly string[] {
  if (imagePullPolicy === 'Always') return []
  return [...new Set([own, ...(appImage === null ? [] : [appImage])])].filter((image) => !hasRegistry(image))
}

/** Whether some machine lacks the image, as far as its kubelet says: of more than 50 images it does not name all. */
export function isLacking(image: string, machines: readonly Machine[]): 'no' | 'yes' | 'unknown' {
  const lacking = machines.filter(
    ({ status }) => !(status?.images ?? []).some(({ names }) => has(names, image)),
  )
  if (machines.length > 0 && lacking.length === 0) return 'no'
  const isKnown =
    machines.length > 0 && lacking.every(({ status }) => (status?.images ?? []).length < reportedImages)
  return isKnown ? 'yes' : 'unknown'
}

function has(names: readonly string[] | undefined, image: string): boolean {
  return names?.some((name) => fullName(name) === fullName(image)) === true
}
