import type { Logger } from '../../platform/log.ts'
import { writeFileDurably } from '../../platform/files.ts'
import { spawnManaged, tagVariable, type ManagedSpec } from '../../platform/managed-process.ts'
import { fingerprint, roleArgv, roleSpec } from './component-specs.ts'
import type { HeldDescriptor } from './held-sockets.ts'
import { Keeper } from './keeper.ts'
import type { LocalPaths } from './paths.ts'

export const standbyComponent = 'standby'

const heldVariable = 'HOLDFAST_HELD_SOCKETS'
const firstExtraFd = 3

/** Waits for its stdin to end, which is when the supervisor does; then it is the supervisor, with the same descriptors. */
const script = `read -r _; [ -e "$1" ] || exit 0; ${tagVariable}=$2; export ${tagVariable}; shift 2; exec "$@" </dev/null`

export interface StandbyOptions {
  readonly paths: LocalPaths
  readonly log: Logger
  readonly sockets: () => readonly HeldDescriptor[]
}

/**
 * A shell that shares the held sockets with the supervisor and becomes the next supervisor when this one is killed: a
 * listening socket passes to a process only by being inherited (docs/decisions/0003-gateway-socket.md).
 */
export class Standby {
  readonly #options: StandbyOptions
  readonly #keeper: Keeper
  #shared = ''

  constructor(options: StandbyOptions) {
    this.#options = options
    this.#keeper = new Keeper({ component: standbyComponent, start: () => this.#start(), log: options.log })
  }

  begin(): void {
    this.#keeper.start()
  }

  /** Another takes its place when the sockets are not those that it shares. */
  async renew(): Promise<void> {
    if (!this.#keeper.isStarted || this.#shared === JSON.stringify(this.#options.sockets())) return
    await this.end()
    this.begin()
  }

  async end(): Promise<void> {
    await this.#keeper.stop(1000)
  }

  async #start() {
    const sockets = this.#options.sockets()
    const { paths } = this.#options
    this.#shared = JSON.stringify(sockets)
    writeFileDurably(paths.fingerprint(standbyComponent), standbyFingerprint(paths.stateDir))
    return await spawnManaged(standbySpec(paths, sockets))
  }
}

export function supervisorArgv(stateDir: string): string[] {
  return roleArgv('supervisor', ['--state-dir', stateDir])
}

/** How a standby becomes the supervisor: of another release, it may do so in another way. */
export function standbyFingerprint(stateDir: string): string {
  return fingerprint(script, supervisorArgv(stateDir))
}

export function standbySpec(paths: LocalPaths, sockets: readonly HeldDescriptor[]): ManagedSpec {
  const spec = roleSpec(paths, standbyComponent, [
    '/bin/sh',
    '-c',
    script,
    standbyComponent,
    paths.wanted,
    `${paths.stateDir}:supervisor`,
    ...supervisorArgv(paths.stateDir),
  ])
  const held = sockets.map(({ component, address }, index) => ({
    component,
    address,
    fd: firstExtraFd + index,
  }))
  return {
    ...spec,
    logFile: paths.log('supervisor'),
    env: { ...spec.env, [heldVariable]: JSON.stringify(held) },
    extraFds: sockets.map(({ fd }) => fd),
    lifeline: true,
  }
}

/** What a standby that has become this process was handed. */
export function inheritedSockets(environment: NodeJS.ProcessEnv): readonly HeldDescriptor[] {
  const text = environment[heldVariable]
  return text === undefined ? [] : (JSON.parse(text) as HeldDescriptor[])
}
