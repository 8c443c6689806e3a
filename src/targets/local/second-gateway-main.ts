import { runGateway } from '../../gateway/main.ts'

/**
 * A gateway that lives as long as whoever started it: its stdin is a pipe from there, which the system closes however that one ends.
 * Its argument is a directory with a topology and secrets, as a deployment has them.
 */
const stopping = new AbortController()
process.stdin.resume().on('close', () => {
  stopping.abort()
})
// A Ctrl-C is for whoever started it: it ends its callers first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.exit(await runGateway({ stateDir: process.argv[2] ?? '', signal: stopping.signal, env: process.env }))
