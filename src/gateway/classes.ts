import type { Command } from './command.ts'
import type { CommandClass } from './counters.ts'

/** What the metrics count a command as. */
export function classOf(command: Command): CommandClass {
  switch (command.route) {
    case 'write':
      return 'write'
    case 'exec':
    case 'watch':
    case 'unwatch':
      return 'transaction'
    case 'subscription':
    case 'monitor':
      return 'pubsub'
    case 'blocking':
      return 'blocking'
    case 'once':
      return 'admin'
    default:
      return 'read'
  }
}
