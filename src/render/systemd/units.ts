import { serviceName, sliceName, socketName, targetName } from './names.ts'

/** One process of a deployment, as systemd is to run it. */
export interface ServiceInput {
  readonly deployment: string
  /** `agent-0`, `gateway`, `app-0`, `front-door` */
  readonly component: string
  readonly description: string
  /** The state directory, absolute: all that the process may write to. */
  readonly stateDir: string
  readonly user: string
  /** The program first, by its absolute path. */
  readonly argv: readonly string[]
  readonly directory: string
  /** Without secrets: everybody may read a unit. */
  readonly environment: Readonly<Record<string, string>>
  /** A file that only root may read, with the variables that are secret; see renderEnvironment. */
  readonly environmentFile: string | null
  /** Components that start before this one, and stop after it. */
  readonly after: readonly string[]
  /** systemd holds its listening socket, as descriptor 3: whoever connects while it is away waits. */
  readonly hasSocket: boolean
  /** Of bytes, as systemd writes them (`512M`); null: no bound. */
  readonly memoryMax: string | null
  /** How long it may take to end. Seconds. */
  readonly stopSeconds: number
  /** What asks it to end, when SIGTERM means less to it. */
  readonly killSignal: 'SIGTERM' | 'SIGUSR1'
  /** What it started goes on when it dies, for the next one to take over. */
  readonly leavesChildren: boolean
  /** The deployment's state is none of its business. */
  readonly isStranger: boolean
  /** Somebody else's program: a directory that it may write to. */
  readonly ownDirectory: string | null
  /** Another value: it has to be started anew. */
  readonly fingerprint: string
}

/**
 * A unit of one process. `StartLimitIntervalSec=0`: never given up for good. What starts waits for what it needs by itself, in
 * any order, so no start is bounded in time and none orders or requires another to be ready.
 */
export function renderService(input: ServiceInput): string {
  const { deployment, component, stateDir, environment, after } = input
  const own = { ...environment, HOLDFAST_SUPERVISED: `${stateDir}:${component}` }
  const socket = input.hasSocket ? [socketName(deployment, component)] : []
  return lines([
    '# Written by Holdfast: changes are overwritten.',
    '[Unit]',
    `Description=${escape(input.description)}`,
    `PartOf=${targetName(deployment)}`,
    `After=${['network.target', ...after.map((each) => serviceName(deployment, each)), ...socket].join(' ')}`,
    ...socket.map((name) => `Requires=${name}`),
    `RequiresMountsFor=${quoted(stateDir)}`,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${input.argv.map(argument).join(' ')}`,
    `WorkingDirectory=${escape(input.directory)}`,
    ...Object.entries(own).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    ...(input.environmentFile === null ? [] : [`EnvironmentFile=${escape(input.environmentFile)}`]),
    `User=${input.user}`,
    `Group=${input.user}`,
    `Slice=${sliceName(deployment)}`,
    `SyslogIdentifier=${component}`,
    'Restart=always',
    'RestartSec=100ms',
    'TimeoutStartSec=infinity',
    `TimeoutStopSec=${String(input.stopSeconds)}`,
    `KillMode=${input.leavesChildren ? 'process' : 'control-group'}`,
    ...(input.killSignal === 'SIGTERM' ? [] : [`KillSignal=${input.killSignal}`]),
    // One process that the kernel kills for its memory is no reason to end what runs beside it.
    'OOMPolicy=continue',
    ...(input.memoryMax === null ? [] : [`MemoryMax=${input.memoryMax}`]),
    'LimitNOFILE=65536',
    'LimitCORE=0',
    'TasksMax=512',
    ...sandbox(input),
    '',
    '[Install]',
    `WantedBy=${targetName(deployment)}`,
    '',
    '[X-Holdfast]',
    `Fingerprint=${input.fingerprint}`,
  ])
}

/** Node compiles while it runs, so memory may be written and executed; the rest is what a network service can do without. */
function sandbox({ stateDir, isStranger, ownDirectory }: ServiceInput): string[] {
  return [
    'UMask=0077',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'AmbientCapabilities=',
    'ProtectSystem=strict',
    ...(isStranger ? [`InaccessiblePaths=${quoted(stateDir)}`] : [`ReadWritePaths=${quoted(stateDir)}`]),
    ...(ownDirectory === null
      ? ['ProtectHome=yes']
      : ['ProtectHome=read-only', `ReadWritePaths=${quoted(ownDirectory)}`]),
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'PrivateIPC=yes',
    'RemoveIPC=yes',
    'ProtectProc=invisible',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'ProtectControlGroups=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged',
    'SystemCallErrorNumber=EPERM',
  ]
}

/** systemd listens from boot on, and goes on while the service is away; connections wait in the backlog. */
export function renderSocket(
  deployment: string,
  component: string,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  return lines([
    '# Written by Holdfast: changes are overwritten.',
    '[Unit]',
    `Description=${escape(`Holdfast: where ${component} of ${deployment} listens`)}`,
    `PartOf=${targetName(deployment)}`,
    '',
    '[Socket]',
    `ListenStream=${host}:${String(port)}`,
    `Service=${serviceName(deployment, component)}`,
    `FileDescriptorName=${component}`,
    'Backlog=4096',
    'NoDelay=yes',
    // However often it comes and goes: the socket stays.
    'TriggerLimitIntervalSec=0',
    `Slice=${sliceName(deployment)}`,
    '',
    '[Install]',
    `WantedBy=${targetName(deployment)}`,
  ])
}

export function renderTarget(deployment: string): string {
  return lines([
    '# Written by Holdfast: changes are overwritten.',
    '[Unit]',
    `Description=${escape(`Holdfast: ${deployment}`)}`,
    'After=network.target',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ])
}

export function renderSlice(deployment: string): string {
  return lines([
    '# Written by Holdfast: changes are overwritten.',
    '[Unit]',
    `Description=${escape(`Holdfast: everything of ${deployment}`)}`,
  ])
}

/** For EnvironmentFile= (https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html): any text, also with line breaks. */
export function renderEnvironment(variables: Readonly<Record<string, string>>): string {
  return lines(
    Object.entries(variables).map(
      ([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, String.raw`\$&`)}"`,
    ),
  )
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`
}

/** In ExecStart= a dollar begins a variable, too. */
function argument(text: string): string {
  return quoted(text.replaceAll('$', '$$$$'))
}

function quoted(text: string): string {
  const inner = escape(text)
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
  return `"${inner}"`
}

/** A percent sign begins a specifier. */
function escape(text: string): string {
  return text.replaceAll('%', '%%')
}
