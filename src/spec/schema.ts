import * as z from 'zod'

import { existingRedis } from './existing-redis-schema.ts'
import { field } from './field.ts'
import {
  ack,
  bytes,
  command,
  duration,
  listen,
  loopbackNetwork,
  oddNumber,
  passwordSource,
  path,
  size,
  urlPath,
  variables,
  wholeNumber,
} from './fields.ts'
import type { PasswordSource } from './fields.ts'
import { deliveries, readModes } from './gateway-settings.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import { kubernetes, kubernetesResources } from './kubernetes-schema.ts'
import type { KubernetesSettings } from './kubernetes-settings.ts'
import { orList } from './or-list.ts'
import type { Listen, Network } from './units.ts'

export type { PasswordSource } from './fields.ts'
export type { Listen, Network } from './units.ts'

/** Above it there is room for 64 more: as many instances as `scale` allows, and one more while they are replaced. */
export const highestAppPort = 65_535 - 64

const name = field(
  z
    .string('must be text')
    .regex(
      /^[a-z][a-z0-9-]{0,30}$/,
      'must be lower-case letters, digits and dashes, begin with a letter, at most 31 characters',
    )
    // Beside the state directories, in .holdfast/, are the Node that the launcher brings and the reports of verify.
    .refine(
      (text) => text !== 'node' && text !== 'reports',
      'is taken: .holdfast/ has a directory of that name',
    )
    .optional(),
  {
    description:
      'The name of the deployment: of its state directory, and of what it makes. Another name is another deployment.',
    accepts: 'lower-case letters, digits and `-`; begins with a letter; at most 31 characters',
    default: 'counter',
    example: 'counter',
  },
)

/** Where a deployment can run. */
export const targets = ['local', 'kubernetes'] as const
export type TargetName = (typeof targets)[number]

const target = field(z.enum(targets, `must be ${orList(targets)}`).optional(), {
  description:
    'Where the deployment runs. `local` is this machine. `kubernetes` is a cluster that is already there ' +
    '([kubernetes](kubernetes.md)). The option `--target` overrides it.',
  accepts: '`local` or `kubernetes`',
  default: 'local',
  example: 'local',
})

const app = z.strictObject({
  command: field(command().optional(), {
    description:
      'The program whose instances are run. It finds `PORT`, `HOST`, `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD` and ' +
      '`REDIS_DB` in its environment, serves HTTP on `HOST`:`PORT`, and ends on SIGTERM. Left out: the bundled counter.',
    accepts: 'one line, run by `/bin/sh -c`; or a list: a program and its arguments, run as they are',
    default: 'the bundled counter',
    example: 'python3 app.py',
  }),
  directory: field(path().optional(), {
    description: 'The working directory of `command`.',
    accepts: 'a path; a relative one starts at the folder of the spec',
    default: '. (the folder of the spec)',
    example: './my-app',
  }),
  env: field(variables().optional(), {
    description:
      'Further environment variables of the instances. `PORT`, `HOST`, `REDIS_…` and `HOLDFAST_…` are set by Holdfast and ' +
      'cannot be given. Secrets do not belong here: this file is not secret.',
    accepts: 'names with texts (quote numbers, `true` and `false`)',
    default: '{} (none)',
    example: '{ LOG_LEVEL: debug }',
  }),
  health: field(urlPath().optional(), {
    description:
      'The path that tells whether an instance can serve: it is asked with GET twice a second, and an instance that does not ' +
      'answer with status 200 gets no requests. It should not change anything: asking a counter would count.',
    accepts: 'a path that begins with `/`',
    default: '/ping for the bundled counter, / for `command`',
    example: '/ping',
  }),
  instances: field(wholeNumber(1, 64).optional(), {
    description:
      'How many instances run behind the front door. With one alone, requests wait whenever it restarts.',
    accepts: 'a whole number from 1 to 64',
    default: '3',
    example: '3',
  }),
  port: field(wholeNumber(1, highestAppPort).optional(), {
    description:
      'The port of the first instance on 127.0.0.1; instance i (from 0) listens on this port + i. The 64 ports above it are kept for `scale`.',
    accepts: `a port, 1 to ${highestAppPort}`,
    default: "the front door's port + 10000 (18080)",
    example: '18080',
  }),
})

const redis = z.strictObject({
  nodes: field(oddNumber(3, 9).optional(), {
    description:
      'How many Redis nodes (a redis-server with its sentinel) there are. 3 survive the loss of one, 5 of two. On this machine it can be changed later, too.',
    accepts: 'an odd number from 3 to 9',
    default: '3',
    example: '3',
  }),
  password: field(passwordSource().optional(), {
    description:
      'Where the password comes from that applications authenticate with. `generate`: made once, kept in the state directory, never ' +
      'replaced. The text itself cannot be written here. 8 to 512 characters; one newline at the end of a file is removed.',
    accepts:
      '`generate`, `{env: NAME}` (a variable of the environment of `up`), or `{file: PATH}` (relative: to the spec)',
    default: 'generate',
    example: '{ env: REDIS_PASSWORD }',
  }),
  maxmemory: field(bytes({ min: 16 * 2 ** 20, minText: '16mb' }).optional(), {
    description:
      'Memory that the data may take in each Redis node; past it writes are refused (nothing is evicted). 0: no limit but the machine.',
    accepts:
      "a size in Redis' notation: `256mb`, `2gb` (powers of 1024), `100m` (of 1000); at least 16mb; or `0`",
    default: '0 (no limit)',
    example: '256mb',
  }),
  appendfsync: field(z.enum(['everysec', 'always'], 'must be everysec or always').optional(), {
    description:
      'When Redis forces its append-only file to the disk. `everysec`: once a second; if all nodes lose power at once, the ' +
      'last two seconds may be lost. `always`: before each answer, which is slower.',
    accepts: '`everysec` or `always`',
    default: 'everysec',
    example: 'everysec',
  }),
  db: field(wholeNumber(0, 15).optional(), {
    description: 'The database that instances get as `REDIS_DB`.',
    accepts: 'a whole number from 0 to 15',
    default: '0',
    example: '0',
  }),
})

const limitSize = () => size({ min: 2 ** 20, max: 64 * 2 ** 30, range: 'from 1mb to 64gb' })
const sizeAccepts = (most: string): string => `a size in Redis' notation, from 1mb to ${most}`

const limits = z.strictObject({
  sessions: field(wholeNumber(1, 100_000).optional(), {
    description:
      'Client connections. One more is told `-ERR max number of clients reached` and closed. Lowered below what is there: nobody is ' +
      'sent away, and nobody else is let in.',
    accepts: 'a whole number from 1 to 100000',
    default: '10000',
    example: '10000',
  }),
  parked: field(limitSize().optional(), {
    description:
      'How much of one client waits at most to be sent. Past it nothing more is read from that client until some of it is sent. Nothing is lost.',
    accepts: sizeAccepts('64gb'),
    default: '64mb',
    example: '64mb',
  }),
  allParked: field(limitSize().optional(), {
    description:
      'How much waits at most of all clients together. Past it nothing more is read from a client that has something waiting. Nothing is lost.',
    accepts: sizeAccepts('64gb'),
    default: '512mb',
    example: '512mb',
  }),
  answers: field(limitSize().optional(), {
    description:
      'How much of its answers one client may leave untaken. Past it nothing more is read or run for that client until it takes some.',
    accepts: sizeAccepts('64gb'),
    default: '16mb',
    example: '16mb',
  }),
  frame: field(size({ min: 2 ** 20, max: 2 ** 30, range: 'from 1mb to 1gb' }).optional(), {
    description:
      'The longest request: a value that is longer cannot be written through the gateway. The client is told so and its connection closed.',
    accepts: sizeAccepts('1gb'),
    default: '64mb',
    example: '64mb',
  }),
})

const gateway = z.strictObject({
  listen: field(listen().optional(), {
    description:
      'The address that applications know as `REDIS_HOST` and `REDIS_PORT`. The port above it serves metrics, health and status of the gateway.',
    accepts: 'an IPv4 address and a port',
    default: '127.0.0.1:6379',
    example: '127.0.0.1:6379',
  }),
  hold: field(duration({ min: 100, max: 600_000, range: 'from 100ms to 10m' }).optional(), {
    description: 'How long a command waits while there is no primary, before it is refused (`-TRYAGAIN`).',
    accepts: 'a duration with its unit (`ms`, `s`, `m`), from 100ms to 10m',
    default: '10s',
    example: '10s',
  }),
  delivery: field(z.enum(deliveries, `must be ${orList(deliveries)}`).optional(), {
    description:
      'What becomes of a write that was sent, and not yet answered, when the primary was lost. `exactly-once`: it runs once, and its ' +
      'own answer is given; what cannot be decided is answered `-UNCERTAIN` ([guarantees](guarantees.md) has the list). `at-least-once`: ' +
      'it is sent again, so it may run twice: a counter can count one call double. `at-most-once`: it is never sent again and the client ' +
      'gets `-UNCERTAIN`: it may or may not have run, and a program that takes an error for "nothing there" starts from zero.',
    accepts: deliveries.map((text) => `\`${text}\``).join(', '),
    default: 'exactly-once',
    example: 'exactly-once',
  }),
  ack: field(ack().optional(), {
    description:
      'Who must have a write before it is answered. `in-sync`: the primary and every node of the in-sync set; then nothing that was ' +
      'answered is lost while no more nodes fail than may. A number: any that many replicas. Fewer than all: when the primary fails, ' +
      'another replica may take over, and answered writes that it had not received are lost; a primary that was replaced while it ' +
      'hung may still answer, and those writes are lost, too. All of them: nothing is answered while one is down. `0`: nobody is ' +
      'waited for; each failover loses the last moments of answered writes.',
    accepts: '`in-sync`, or a number of replicas: 0 to one less than `redis.nodes`',
    default: 'in-sync (1 before an existing Redis)',
    example: 'in-sync',
  }),
  reads: field(z.enum(readModes, `must be ${orList(readModes)}`).optional(), {
    description:
      'When a read is answered. `confirmed`: once `ack` was fulfilled by a round that began after the read ran. With `ack: in-sync` ' +
      'nothing stale is read, and nothing that can still vanish. `fast`: at once. Around a failover a client may then read a value ' +
      'that is older than what was answered to others (from a primary that was replaced and does not know), or one that is ' +
      'gone afterwards.',
    accepts: '`confirmed` or `fast`',
    default: 'confirmed',
    example: 'confirmed',
  }),
  limits: limits.optional(),
})

const frontDoor = z.strictObject({
  listen: field(listen().optional(), {
    description: 'Where clients reach the application over HTTP. `0.0.0.0` is every address of this machine.',
    accepts: 'an IPv4 address and a port',
    default: '0.0.0.0:8080',
    example: '0.0.0.0:8080',
  }),
})

/** Who keeps the processes of the target `local` running. */
const supervisors = ['auto', 'systemd', 'embedded'] as const
export type SupervisorName = (typeof supervisors)[number]

const local = z.strictObject({
  network: field(loopbackNetwork().optional(), {
    description:
      'The loopback addresses of the Redis nodes: node i (from 0) has the network + i + 1. A second deployment on the same ' +
      'machine needs another one.',
    accepts: 'a network within 127.0.0.0/8, with room for the nodes',
    default: '127.0.1.0/24',
    example: '127.0.2.0/24',
  }),
  supervisor: field(z.enum(supervisors, `must be ${orList(supervisors)}`).optional(), {
    description:
      'Who keeps the processes running. `embedded`: a process of Holdfast, under the user who called `up`; everything is beside the ' +
      'spec, and after a reboot somebody calls `up`. `systemd`: one unit a process, of the system user `holdfast`, started at boot; ' +
      'every command is then typed with `sudo` ([operations](operations.md#under-systemd)). `auto`: `systemd` where the deployment ' +
      'is under it already, else `embedded`.',
    accepts: '`auto`, `systemd` or `embedded`',
    default: 'auto',
    example: 'auto',
  }),
})

/** The sections of a spec, with what each is for. A section that is left out, or empty, is all defaults. */
export const sections = { app, redis, gateway, frontDoor, local, kubernetes }

export const sectionTexts: Readonly<Record<keyof typeof sections, string>> = {
  app: 'The application: what runs behind the front door.',
  redis: 'The Redis nodes.',
  gateway: 'The one Redis that applications see.',
  frontDoor: 'The HTTP load balancer before the instances.',
  local: 'Of the target `local`.',
  kubernetes: 'Of the target `kubernetes`.',
}

/** Mappings within a section. One that is empty is all defaults, like a section, and so is one that is left out (but `existingRedis`: none). */
export const groups: Readonly<Record<string, Readonly<Record<string, z.ZodObject>>>> = {
  gateway: { limits },
  kubernetes: { existingRedis, resources: kubernetesResources },
}

export const groupTexts: Readonly<Record<string, string>> = {
  'gateway.limits':
    'How much the gateway takes on, so that no client can fill its memory. Changing these drops nobody: `up` hands them to the gateway that runs.',
  'kubernetes.existingRedis':
    'A Redis with Sentinel that is there already, instead of Redis nodes: the application with a gateway beside each instance, and gateways for others behind the ' +
    'Service `<name>-gateway`, stand before it, and nothing of it is changed. `gateway.ack` is then a number of replicas, 1 by default. What that can still lose, ' +
    'and what the Redis needs: [standalone](standalone.md). Of the target `kubernetes` only.',
  'kubernetes.resources': 'What a part is sure to get, and what it may take at most.',
}

/** As it is written: every field may be missing. Defaults that depend on other fields are filled in by resolve.ts. */
export const specSchema = z.strictObject({
  name,
  target,
  app: app.optional(),
  redis: redis.optional(),
  gateway: gateway.optional(),
  frontDoor: frontDoor.optional(),
  local: local.optional(),
  kubernetes: kubernetes.optional(),
})

export type WrittenSpec = z.output<typeof specSchema>

/** A spec with every default filled in. Paths are as they were written: relative ones start at the folder of the spec. */
export interface Spec {
  readonly name: string
  readonly target: TargetName
  readonly app: {
    /** argv (`/bin/sh -c LINE` for one line); null: the bundled counter. */
    readonly command: readonly string[] | null
    readonly directory: string
    readonly env: Readonly<Record<string, string>>
    readonly health: string
    readonly instances: number
    /** Instance i listens on port + i. */
    readonly port: number
  }
  readonly redis: {
    readonly nodes: number
    readonly password: PasswordSource
    /** 0: no limit. */
    readonly maxmemoryBytes: number
    readonly appendfsync: 'everysec' | 'always'
    readonly db: number
  }
  readonly gateway: GatewaySettings & { readonly listen: Listen; readonly holdMs: number }
  readonly frontDoor: { readonly listen: Listen }
  readonly local: {
    /** Redis node i has the address `first + i + 1`; see formatAddress in units.ts. */
    readonly network: Network
    readonly supervisor: SupervisorName
  }
  readonly kubernetes: KubernetesSettings
}
