import { HoldfastError } from '../errors.ts'
import { nearest } from '../spec/nearest.ts'
import type { Spec } from '../spec/schema.ts'

/**
 * @throws HoldfastError USAGE when a deployment of this spec has no such part. Instances beyond the spec's number may
 * have come from `scale`: only the target knows.
 */
export function requireComponent(name: string, spec: Spec): void {
  const components = componentsOf(spec)
  const others = spec.target === 'kubernetes' ? /^(app|gateway)-\d{1,2}$/ : /^app-\d{1,2}$/
  if (components.includes(name) || others.test(name)) return
  const meant = nearest(name, components)
  throw new HoldfastError(
    'USAGE',
    `there is no part ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    {
      exitCode: 2,
      hint: `The parts are ${components.join(', ')}.`,
    },
  )
}

function componentsOf({ redis, app }: Spec): readonly string[] {
  const nodes = Array.from({ length: redis.nodes }, (_, index) => index)
  return [
    ...['redis', 'sentinel', 'agent'].flatMap((role) => nodes.map((index) => `${role}-${index}`)),
    'gateway',
    ...Array.from({ length: app.instances }, (_, index) => `app-${index}`),
    'front-door',
  ]
}
