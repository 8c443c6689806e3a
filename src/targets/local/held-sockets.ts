import { closeSync } from 'node:fs'
import { holdSocket, type HeldSocket } from './held-socket.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** A descriptor of this process that is bound to an address (`host:port`) for a component. */
export interface HeldDescriptor {
  readonly component: string
  readonly address: string
  readonly fd: number
}

/** The listening sockets of components that clients connect to, kept open while the component is away. */
export class HeldSockets {
  readonly #held: Map<string, { readonly socket: HeldSocket; readonly address: string }>

  /** @param inherited what a former supervisor held */
  constructor(inherited: readonly HeldDescriptor[] = []) {
    this.#held = new Map(
      inherited.map(({ component, address, fd }) => {
        const close = () => {
          closeSync(fd)
        }
        return [component, { address, socket: { fd, close } }]
      }),
    )
  }

  get descriptors(): readonly HeldDescriptor[] {
    return [...this.#held].map(([component, { address, socket }]) => ({ component, address, fd: socket.fd }))
  }

  /** @returns the descriptor to hand to the component, or null: it must bind by itself */
  hold(component: string, { host, port }: Address): number | null {
    const address = `${host}:${String(port)}`
    const known = this.#held.get(component)
    if (known?.address === address) return known.socket.fd
    known?.socket.close()
    this.#held.delete(component)
    const socket = holdSocket(host, port)
    if (socket === null) return null
    this.#held.set(component, { socket, address })
    return socket.fd
  }

  close(): void {
    for (const { socket } of this.#held.values()) socket.close()
    this.#held.clear()
  }
}
