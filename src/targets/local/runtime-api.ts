import { connect } from 'node:net'
import { socketPath } from '../../platform/socket-path.ts'
import { instancesBackend } from '../../render/haproxy-cfg.ts'

export interface SlotState {
  readonly name: string
  /** `UP`, `DOWN`, `MAINT`, `DRAIN`, `UP 1/2`, … */
  readonly status: string
  readonly sessions: number
}

/** HAProxy's runtime API on its unix socket: one command a connection. */
export class RuntimeApi {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** @throws Error when HAProxy does not answer, or refuses */
  async setState(slot: string, state: 'ready' | 'drain' | 'maint'): Promise<void> {
    const answer = (await this.#ask(`set server ${instancesBackend}/${slot} state ${state}`)).trim()
    if (answer !== '') throw new Error(`front-door: ${answer}`)
  }

  async setAddress(
    slot: string,
    { host, port }: { readonly host: string; readonly port: number },
  ): Promise<void> {
    await this.#ask(`set server ${instancesBackend}/${slot} addr ${host} port ${String(port)}`)
  }

  /** Without checks a server keeps the state it has. */
  async setChecks(slot: string, state: 'enable' | 'disable'): Promise<void> {
    await this.#ask(`${state} health ${instancesBackend}/${slot}`)
  }

  async slots(): Promise<SlotState[]> {
    const [header = '', ...lines] = (await this.#ask(`show stat ${instancesBackend} 4 -1`)).trim().split('\n')
    const names = header.replace(/^# /, '').split(',')
    const column = (name: string) => names.indexOf(name)
    const [name, status, sessions] = [column('svname'), column('status'), column('scur')]
    return lines.map((line) => {
      const fields = line.split(',')
      return {
        name: fields[name] ?? '',
        status: fields[status] ?? '',
        sessions: Number(fields[sessions] ?? '0'),
      }
    })
  }

  #ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(socketPath(this.#path))
      const chunks: Buffer[] = []
      socket.setTimeout(2000, () => socket.destroy(new Error('front-door: no answer on its runtime socket')))
      socket.on('error', reject)
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.on('end', () => {
        resolve(Buffer.concat(chunks).toString())
      })
      socket.write(`${command}\n`)
    })
  }
}
