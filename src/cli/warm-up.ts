import { flushCompileCache } from 'node:module'

/**
 * Loads what every kind of process of a local deployment loads, and nothing else, so that Node's compile cache has it.
 * To be run with the options of those processes: what was compiled with others is of no use to them.
 */
export async function warmUp(): Promise<void> {
  await Promise.all([
    import('../agent/main.ts'),
    import('../counter/main.ts'),
    import('../gateway/main.ts'),
    import('../targets/local/ensure-supervisor.ts'),
    import('../targets/local/supervisor-main.ts'),
  ])
  flushCompileCache()
}
