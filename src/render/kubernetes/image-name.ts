/**
 * The name of Holdfast's image as manifests have it.
 * @param image `kubernetes.image` of the spec: without a tag or digest the tag is Holdfast's version
 */
export function imageName(image: string, version: string): string {
  const isPinned = /[:@][^/]*$/.test(image)
  return isPinned ? image : `${image}:${version}`
}
