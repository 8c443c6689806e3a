import type { OwnCluster } from './own-cluster.ts'

/** What builds images, in the order in which `make image` looks for them. */
export const builders = ['docker', 'podman', 'buildah'] as const
export type Builder = (typeof builders)[number]

/** argv of one program; nothing in it is secret. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Beside the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Ends with 0 when the builder has the image. */
export function lookCommand(builder: Builder, image: string): Command {
  switch (builder) {
    case 'docker':
      return { program: builder, args: ['image', 'inspect', '--format', '{{.Id}}', image] }
    case 'podman':
      return { program: builder, args: ['image', 'exists', image] }
    case 'buildah':
      return { program: builder, args: ['inspect', '--type', 'image', '--format', '{{.FromImageID}}', image] }
  }
}

/**
 * Writes the image as an archive, under the name by which a kubelet looks for it: podman and buildah call what they built
 * `localhost/…`.
 */
export function saveCommand(builder: Builder, image: string, file: string): Command {
  if (builder === 'docker') return { program: builder, args: ['save', '--output', file, image] }
  return { program: builder, args: ['push', image, `docker-archive:${file}:${fullName(image)}`] }
}

/** To the registry of its name. */
export function pushCommand(builder: Builder, image: string): Command {
  return { program: builder, args: ['push', image] }
}

/** Brings an archive into every machine of the cluster; null: nothing has to be brought. */
export function loadCommand(own: OwnCluster, file: string): Command | null {
  switch (own.maker) {
    case 'minikube':
      return { program: 'minikube', args: ['--profile', own.profile, 'image', 'load', file] }
    case 'kind': {
      const args = ['load', 'image-archive', file, '--name', own.cluster]
      return own.provider === 'docker'
        ? { program: 'kind', args }
        : { program: 'kind', args, env: { KIND_EXPERIMENTAL_PROVIDER: own.provider } }
    }
    case 'k3d':
      return { program: 'k3d', args: ['image', 'import', file, '--cluster', own.cluster] }
    case 'k3s':
      return { program: 'k3s', args: ['ctr', 'images', 'import', file] }
    case 'docker-desktop':
      return null
  }
}

/** For a person to type. */
export function commandText({ program, args, env = {} }: Command): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return [...variables, program, ...args].join(' ')
}

/** Whether the name says where the image is pulled from. `localhost/…` is what podman calls what it has built. */
export function hasRegistry(image: string): boolean {
  const [first = '', ...rest] = image.split('/')
  return rest.length > 0 && /[.:]/.test(first)
}

/**
 * As container runtimes write a name: https://github.com/distribution/reference
 * @returns `docker.io/devops/counter:1` for `devops/counter:1`, `docker.io/library/nginx:1` for `nginx:1`
 */
export function fullName(image: string): string {
  if (hasRegistry(image) || image.startsWith('localhost/')) return image
  return image.includes('/') ? `docker.io/${image}` : `docker.io/library/${image}`
}
