import { relative } from 'node:path'
import { makePrivateDirectory, readIfExists, writeFileDurably } from '../../platform/files.ts'
import type { Logger } from '../../platform/log.ts'
import { spawnManaged, type ManagedProcess, type ManagedSpec } from '../../platform/managed-process.ts'
import { renderHaproxyCfg } from '../../render/haproxy-cfg.ts'
import type { Topology } from '../../topology/topology.ts'
import { componentFingerprint, limitsFingerprint, limitsPart } from './component-fingerprints.ts'
import { agentSpec, frontDoorSpec, gatewaySpec, instanceSpec } from './component-specs.ts'
import type { HeldSockets } from './held-sockets.ts'
import type { LocalPaths } from './paths.ts'
import { openFilesLimit, requireSecrets } from './state-files.ts'

export interface LauncherOptions {
  readonly paths: LocalPaths
  readonly log: Logger
  readonly topology: () => Topology
  /** Instances that take requests: HAProxy is told when it starts. */
  readonly ready: ReadonlySet<number>
  /** The listening sockets, some of them handed on by a former supervisor. */
  readonly sockets: HeldSockets
}

/** Starts components, with the sockets that are held for them, and knows with what settings each was started. */
export class Launcher {
  readonly #options: LauncherOptions

  constructor(options: LauncherOptions) {
    this.#options = options
  }

  /** Starts a component as the topology in force says, and notes with what. */
  async start(component: string): Promise<ManagedProcess> {
    // Noted before: whoever compares while it is being started must not take it for outdated.
    writeFileDurably(
      this.#options.paths.fingerprint(component),
      componentFingerprint(component, this.#options.topology(), requireSecrets(this.#options.paths)),
    )
    if (component === 'gateway') this.noteLimits()
    const started = await spawnManaged(this.#specOf(component))
    this.#options.log.info({ part: component, partPid: started.pid }, 'started')
    return started
  }

  /** What runs (or ran last) was started with other settings. */
  isOutdated(component: string): boolean {
    return (
      readIfExists(this.#options.paths.fingerprint(component)) !==
      componentFingerprint(component, this.#options.topology(), requireSecrets(this.#options.paths))
    )
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

  #specOf(component: string): ManagedSpec {
    const { gateway, frontDoor } = this.#options.topology()
    const [, role = '', number = ''] = /^(agent|app|gateway|front-door)-?(\d*)$/.exec(component) ?? []
    switch (role) {
      case 'agent':
        return agentSpec(this.#options.paths, Number(number))
      case 'gateway':
        return gatewaySpec(this.#options.paths, this.#options.sockets.hold(component, gateway))
      case 'front-door': {
        const held = this.#options.sockets.hold(component, frontDoor)
        this.#renderFrontDoor(held === null ? null : 3)
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

  #renderFrontDoor(listenFd: number | null): void {
    makePrivateDirectory(this.#options.paths.config)
    const cfg = renderHaproxyCfg(this.#options.topology(), {
      // Relative to the state directory, where HAProxy runs: a socket's path may not be long.
      runtimeSocket: `unix@${relative(this.#options.paths.stateDir, this.#options.paths.frontDoorSocket)}`,
      ready: [...this.#options.ready],
      listenFd,
      maxConnections: Math.min(4096, Math.floor((openFilesLimit() - 200) / 2)),
    })
    writeFileDurably(this.#options.paths.haproxyCfg, cfg)
  }
}
