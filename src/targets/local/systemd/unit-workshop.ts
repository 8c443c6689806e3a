import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { readIfExists, writeFileDurably } from '../../../platform/files.ts'
import { findProgram } from '../../../platform/run-program.ts'
import { serviceName, socketName } from '../../../render/systemd/names.ts'
import {
  renderEnvironment,
  renderService,
  renderSocket,
  type ServiceInput,
} from '../../../render/systemd/units.ts'
import type { Topology } from '../../../topology/topology.ts'
import { componentFingerprint, limitsFingerprint, limitsPart } from '../component-fingerprints.ts'
import { instanceVariables, roleArgv, type Code } from '../component-specs.ts'
import { writeFrontDoorConfig } from '../front-door-config.ts'
import type { LocalPaths } from '../paths.ts'
import { requireSecrets } from '../state-files.ts'
import type { Workshop } from '../workshop.ts'
import { environmentFile, systemCache, systemUser, unitFile } from './places.ts'
import { UnitKeeper } from './unit-keeper.ts'

export interface UnitWorkshopOptions {
  readonly paths: LocalPaths
  readonly topology: () => Topology
  readonly ready: ReadonlySet<number>
  readonly code: Code
  /** Components whose service runs: they are left as they are until they are renewed. */
  readonly active: Set<string>
}

/** Starts components as services of systemd. */
export class UnitWorkshop implements Workshop {
  readonly #options: UnitWorkshopOptions
  readonly #keepers: UnitKeeper[] = []

  constructor(options: UnitWorkshopOptions) {
    this.#options = options
  }

  keeper(component: string): UnitKeeper {
    const keeper = new UnitKeeper({
      component,
      service: serviceName(this.#name, component),
      socket: this.#socket(component) === null ? null : socketName(this.#name, component),
      active: this.#options.active,
      write: () => this.#write(component),
      remove: () => this.#remove(component),
    })
    this.#keepers.push(keeper)
    return keeper
  }

  /** Waits until systemd has taken all that was begun. @throws HoldfastError INTERNAL with what it said */
  async settled(): Promise<void> {
    for (const keeper of this.#keepers) await keeper.settled()
  }

  isOutdated(component: string): boolean {
    return (
      readIfExists(unitFile(serviceName(this.#name, component))) !== this.#service(component) ||
      readIfExists(unitFile(socketName(this.#name, component))) !== this.#socket(component)
    )
  }

  areLimitsOutdated(): boolean {
    const noted = readIfExists(this.#options.paths.fingerprint(limitsPart))
    return noted !== limitsFingerprint(this.#options.topology())
  }

  noteLimits(): void {
    const { paths, topology } = this.#options
    writeFileDurably(paths.fingerprint(limitsPart), limitsFingerprint(topology()))
  }

  /** Also what HAProxy reads should it be started anew. */
  readyChanged(): void {
    writeFrontDoorConfig(this.#options, 3)
  }

  begun(): void {
    return
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  get #name(): string {
    return this.#options.topology().name
  }

  /** @returns whether the socket is another one */
  #write(component: string): boolean {
    if (component === 'gateway') this.noteLimits()
    if (component === 'front-door') this.readyChanged()
    if (component.startsWith('app-')) this.#writeEnvironment(component)
    const unit = unitFile(socketName(this.#name, component))
    const socket = this.#socket(component)
    const isMoved = readIfExists(unit) !== socket
    if (isMoved && socket !== null) writeFileDurably(unit, socket, 0o644)
    writeFileDurably(unitFile(serviceName(this.#name, component)), this.#service(component), 0o644)
    return isMoved
  }

  #writeEnvironment(component: string): void {
    const { paths, topology } = this.#options
    const file = environmentFile(this.#name, component)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const variables = instanceVariables(topology(), requireSecrets(paths), indexOf(component))
    writeFileDurably(file, renderEnvironment(variables))
  }

  #remove(component: string): void {
    rmSync(unitFile(serviceName(this.#name, component)), { force: true })
    rmSync(environmentFile(this.#name, component), { force: true })
  }

  #socket(component: string): string | null {
    const { gateway, frontDoor } = this.#options.topology()
    if (component !== 'gateway' && component !== 'front-door') return null
    return renderSocket(this.#name, component, component === 'gateway' ? gateway : frontDoor)
  }

  #service(component: string): string {
    const { paths, topology } = this.#options
    return renderService({
      deployment: this.#name,
      component,
      stateDir: paths.stateDir,
      user: systemUser,
      directory: '/',
      environmentFile: null,
      after: [],
      hasSocket: false,
      memoryMax: null,
      stopSeconds: 20,
      killSignal: 'SIGTERM',
      leavesChildren: false,
      isStranger: false,
      ownDirectory: null,
      fingerprint: componentFingerprint(component, topology(), requireSecrets(paths)),
      ...this.#particulars(component),
      environment: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        LANG: 'C.UTF-8',
        NODE_COMPILE_CACHE: systemCache,
        ...(component === 'gateway' ? { HOLDFAST_LISTEN_FD: '3' } : {}),
      },
    })
  }

  #particulars(component: string): Pick<ServiceInput, 'argv' | 'description'> & Partial<ServiceInput> {
    const { paths, topology, code } = this.#options
    const { name, nodes, gateway, app } = topology()
    const agents = nodes.map(({ index }) => `agent-${String(index)}`)
    const [, role = '', number = ''] = /^(agent|app|gateway|front-door)-?(\d*)$/.exec(component) ?? []
    switch (role) {
      case 'agent': {
        const args = ['--config', paths.stateDir, '--state-dir', paths.stateDir, '--node', number]
        return {
          description: `Holdfast: Redis node ${number} of ${name} (redis-server, its sentinel and its agent)`,
          argv: roleArgv('agent', args, code),
          leavesChildren: true,
          stopSeconds: 60,
        }
      }
      case 'gateway':
        return {
          description: `Holdfast: the gateway of ${name}`,
          argv: roleArgv('gateway', ['--state-dir', paths.stateDir], code),
          after: agents,
          hasSocket: true,
          memoryMax: `${String(Math.ceil((2 * gateway.limits.allParkedBytes) / 2 ** 20) + 1024)}M`,
        }
      case 'front-door':
        return {
          description: `Holdfast: the front door of ${name} (HAProxy)`,
          argv: [findProgram(['haproxy'], process.env) ?? '/usr/sbin/haproxy', '-db', '-f', paths.haproxyCfg],
          directory: paths.stateDir,
          after: app.instances.map((each) => each.name),
          hasSocket: true,
          memoryMax: '1G',
          killSignal: 'SIGUSR1',
          stopSeconds: 12,
        }
      default:
        return {
          description: `Holdfast: instance ${number} of ${name}`,
          argv: app.command === null ? roleArgv('counter', [], code) : absolute(app.command),
          directory: app.command === null ? '/' : app.directory,
          environmentFile: environmentFile(name, component),
          after: ['gateway'],
          isStranger: true,
          ownDirectory: app.command === null ? null : app.directory,
          memoryMax: app.command === null ? '512M' : null,
        }
    }
  }
}

function indexOf(component: string): number {
  return Number(component.slice('app-'.length))
}

/** systemd wants the program's path; a name is looked up where it runs. */
function absolute(command: readonly string[]): readonly string[] {
  return command[0]?.startsWith('/') === true ? command : ['/usr/bin/env', ...command]
}
