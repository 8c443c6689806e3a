/** The units of deployments are told apart by name alone, so a component's name is matched whole. */
const parts = String.raw`(?:(?:agent|app)-\d+|gateway|front-door)`

export function serviceName(deployment: string, component: string): string {
  return `holdfast-${deployment}-${component}.service`
}

export function socketName(deployment: string, component: string): string {
  return `holdfast-${deployment}-${component}.socket`
}

export function targetName(deployment: string): string {
  return `holdfast-${deployment}.target`
}

/** A dash in a slice's name means "within": the deployment's own are escaped. */
export function sliceName(deployment: string): string {
  return `holdfast-${deployment.replaceAll('-', String.raw`\x2d`)}.slice`
}

/** @returns the component that a service or socket of this deployment is of; null: it is none of it */
export function componentOfUnit(deployment: string, unit: string): string | null {
  return new RegExp(`^holdfast-${deployment}-(${parts})\\.(?:service|socket)$`).exec(unit)?.[1] ?? null
}
