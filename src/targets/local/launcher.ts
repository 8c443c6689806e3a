import { readIfExists, writeFileDurably } from '../../platform/files.ts'
import type { Logger } from '../../platform/log.ts'
import { spawnManaged, type ManagedProcess, type ManagedSpec } from '../../platform/managed-process.ts'
import type { Topology } from '../../topology/topology.ts'
import { componentFingerprint, limitsFingerprint, limitsPart } from './component-fingerprints.ts'
import { agentSpec, frontDoorSpec, gatewaySpec, instanceSpec } from './component-specs.ts'
import { writeFrontDoorConfig } from './front-door-config.ts'
import { HeldSockets, type HeldDescriptor } from './held-sockets.ts'
import { Keeper } from './keeper.ts'
import type { LocalPaths } from './paths.ts'
import { Standby } from './standby.ts'
import { requireSecrets } from './state-files.ts'
import type { Workshop } from './workshop.ts'

export interface LauncherOptions {
  readonly paths: LocalPaths
  readonly log: Logger
  readonly topology: () => Topology
  /** Instances that take requests: HAProxy is told when it starts. */
  readonly ready: ReadonlySet<number>
  /** Listening sockets that a former supervisor held. */
  readonly inherited: readonly HeldDescriptor[]
}

/** The embedded supervisor's: starts components, with the sockets that are held for them, and knows with what settings each was started. */
export class Launcher implements Workshop {
  readonly #options: LauncherOptions
  readonly #sockets: HeldSockets
  readonly #standby: Standby

  constructor(options: LauncherOptions) {
    const { paths, log, inherited } = options
    this.#options = options
    this.#sockets = new HeldSockets(inherited)
    this.#standby = new Standby({ paths, log, sockets: () => this.#sockets.descriptors })
  }

  keeper(component: string, adopted: ManagedProcess | null): Keeper {
    const start = async () => {
      const started = await this.start(component)
      await this.#standby.renew()
      return started
    }
    return new Keeper({ component, start, log: this.#options.log }, adopted)
  }

  /** Starts a component as the topology in force says, and notes with what. */
  async start(component: string): Promise<ManagedProcess> {
    // Noted before: whoever compares while it is being started must not take it for outdated.
    writeFileDurably(this.#options.paths.fingerprint(component), this.#fingerprint(component))
    if (component === 'gateway') this.noteLimits()
    const started = await spawnManaged(this.#specOf(component))
    this.#options.log.info({ part: component, partPid: started.pid }, 'started')
    return started
  }

  /** What runs (or ran last) was started with other settings. */
  isOutdated(component: string): boolean {
    return readIfExists(this.#options.paths.fingerprint(component)) !== this.#fingerprint(component)
  }

  /** The gateway that runs knows other limits, or other nodes: it takes them up while it runs, without being started anew. */
  areLimitsOutdated(): boolean {
    return (
      readIfExists(this.#options.paths.fingerprint(limitsPart)) !==
      limitsFingerprint(this.#options.topology())
    )
  }

  noteLimits(): void {
    writeFileDurably(this.#options.paths.fingerprint(limitsPart), limitsFingerprint(this.#options.topology()))
  }

  /** HAProxy is told of each while it runs. */
  readyChanged(): void {
    return
  }

  begun(): void {
    this.#standby.begin()
  }

  async close(): Promise<void> {
    await this.#standby.end()
    this.#sockets.close()
  }

  #fingerprint(component: string): string {
    const { topology, paths } = this.#options
    return componentFingerprint(component, topology(), requireSecrets(paths))
  }

  #specOf(component: string): ManagedSpec {
    const { gateway, frontDoor } = this.#options.topology()
    const [, role = '', number = ''] = /^(agent|app|gateway|front-door)-?(\d*)$/.exec(component) ?? []
    switch (role) {
      case 'agent':
        return agentSpec(this.#options.paths, Number(number))
      case 'gateway':
        return gatewaySpec(this.#options.paths, this.#sockets.hold(component, gateway))
      case 'front-door': {
        const held = this.#sockets.hold(component, frontDoor)
        writeFrontDoorConfig(this.#options, held === null ? null : 3)
        return frontDoorSpec(this.#options.paths, held)
      }
      default:
        return instanceSpec(
          this.#options.paths,
          this.#options.topology(),
          requireSecrets(this.#options.paths),
          Number(number),
        )
    }
  }
}
