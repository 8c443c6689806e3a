import type { Topology } from '../topology/topology.ts'

export interface HaproxyOptions {
  /** Address of the runtime API's unix socket, as HAProxy writes it (`unix@run/x.sock`), 0600: instances come and go through it, without a reload. */
  readonly runtimeSocket: string
  /** Indices of the instances that serve; the other slots wait in maintenance. */
  readonly ready: readonly number[]
  /** The listening socket is inherited as this descriptor; null: HAProxy binds it. */
  readonly listenFd: number | null
  readonly maxConnections: number
}

/** Slots for instances; `scale` goes no further. One more is used while rolling at the limit. */
export const instanceSlots = 65
export const instancesBackend = 'instances'

/** Where instance `index` listens, whether or not the topology lists it. */
export function instanceAddress({ app }: Topology, index: number): { host: string; port: number } {
  const [first] = app.instances
  if (first === undefined) throw new Error('a topology has at least one instance')
  return { host: first.host, port: first.port - first.index + index }
}

/**
 * HAProxy's configuration.
 *
 * A GET counts, so a request that may have reached an instance is never sent again: only a failed connect is retried.
 * `leastconn` and not `roundrobin`, because HAProxy then waits between retries (min(timeout connect, 1 s)) even when
 * it changes the server: a request that finds all instances dead waits for the first to come back. The same holds for
 * `waiting-room`, which always refuses: without it HAProxy answers 503 at once while every instance is marked down.
 */
export function renderHaproxyCfg(topology: Topology, options: HaproxyOptions): string {
  const { app, frontDoor, gateway } = topology
  const patienceMs = gateway.holdMs + 5000
  const bind = options.listenFd === null ? address(frontDoor) : `fd@${String(options.listenFd)}`
  const ready = new Set(options.ready)
  const slots = Array.from({ length: instanceSlots }, (_, index) => {
    const state = ready.has(index) ? '' : ' disabled'
    return `  server app-${String(index)} ${address(instanceAddress(topology, index))}${state}`
  })
  return `# Written by Holdfast: changes are overwritten.
global
  maxconn ${String(options.maxConnections)}
  nbthread 1
  hard-stop-after 10s
  stats socket ${quote(options.runtimeSocket)} mode 600 level admin
  stats timeout 1m

defaults
  mode http
  timeout connect ${String(connectMs)}ms
  timeout check ${String(checkMs)}ms
  timeout client 60s
  timeout http-request 10s
  timeout http-keep-alive 60s
  timeout queue ${String(patienceMs)}ms
  timeout server ${String(Math.max(30_000, patienceMs))}ms
  option redispatch 1
  retries ${String(Math.ceil(patienceMs / connectMs))}
  retry-on conn-failure
  option forwardfor

frontend front-door
  bind ${bind}
  default_backend ${instancesBackend}

backend ${instancesBackend}
  balance leastconn
${app.command === null ? '  http-reuse safe' : '  # A program unknown to us may close an idle connection in the moment that it is used again.\n  option http-server-close'}
  option httpchk
  http-check send meth GET uri ${quote(app.healthPath)} ver HTTP/1.1 hdr Host ${quote(address(frontDoor))}
  http-check expect status 200
  default-server check inter 500ms fastinter 100ms downinter 100ms fall 2 rise 1 observe layer4 error-limit 2 on-error mark-down
${slots.join('\n')}
  server waiting-room 127.0.0.1:1 backup no-check
`
}

/** Also the pause between two attempts to connect: see HAProxy's `retries`. */
const connectMs = 200
/**
 * An instance that asks its Redis before it says that it is well answers late while Redis pauses, as they all do. Two checks in
 * a row must be missed, so this tells one that hangs after 3.6 s at most, and takes nobody away in a failover.
 */
const checkMs = 1500

function address({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${String(port)}`
}

/** In strong quotes everything but the quote itself stands for itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
