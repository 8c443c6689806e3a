import { holdSocket, type HeldSocket } from './held-socket.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** The listening sockets of components that clients connect to, kept open while the component is away. */
export class HeldSockets {
  readonly #held = new Map<string, { readonly socket: HeldSocket; readonly address: string }>()

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
