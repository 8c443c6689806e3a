import { once } from 'node:events'
import { createServer } from 'node:net'

/** The first of so many neighbouring ports that nobody listens on at this moment, below those that the system gives out. */
export async function freePorts(host: string, count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const first = 20_000 + Math.floor(Math.random() * 12_000)
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(host, first + index)))
    if (free.every((each) => each)) return first
  }
  throw new Error(`no ${count} free ports at ${host}`)
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
