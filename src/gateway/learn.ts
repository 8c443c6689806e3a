import type { Primary } from '../discovery/discovery.ts'
import type { RedisClient } from '../discovery/redis-client.ts'
import { ReplyError } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { readCommandTable, type CommandTable } from './command-table.ts'
import type { Door } from './door.ts'

/** What must be known of a server before anything can be passed on to it. */
interface Learned {
  readonly table: CommandTable
  /** Whether a client that has not logged in is refused. */
  readonly passwordRequired: boolean
}

const timeoutMs = 5000
const againMs = 500
const ping = encodeCommand(['PING'])

/**
 * Asks the primary.
 * @param known whether clients must log in; undefined: found out by trying, on a connection that has not
 * @throws Error in words for the log: the connection was lost, or the gateway's user may not ask
 */
async function learn(
  connection: RedisClient,
  door: Door,
  primary: Primary,
  known: boolean | undefined,
): Promise<Learned> {
  const [reply] = await connection.send([['COMMAND']], timeoutMs)
  if (reply instanceof ReplyError) throw new Error(reply.message)
  const table = readCommandTable(reply)
  if (table.size === 0) throw new Error('it names no commands')
  return { table, passwordRequired: known ?? (await refusesStrangers(door, primary)) }
}

function refusesStrangers(door: Door, primary: Primary): Promise<boolean> {
  return new Promise((resolve, reject) => {
    door.ask(primary, {
      restore: [],
      commands: [ping],
      wanted: 1,
      isWanted: () => true,
      done: (answer) => {
        if (answer === null) reject(new Error('the connection was lost'))
        else resolve(answer.toString('latin1').startsWith('-NOAUTH'))
      },
    })
  })
}

export interface LearnerParts {
  readonly connection: () => RedisClient | null
  readonly primary: () => Primary | null
  readonly door: Door
  /** Undefined: found out by trying. */
  readonly passwordRequired: boolean | undefined
  readonly onLearned: (passwordRequired: boolean) => void
  readonly onFailed: (why: string) => void
}

/** Until it is known what commands the present primary has nothing can be passed on to it: asks until it says so. */
export class Learner {
  table: CommandTable = new Map()
  private readonly parts: LearnerParts
  /** Whose table it is, and who is being asked. */
  private of: Primary | null = null
  private asked: Primary | null = null

  constructor(parts: LearnerParts) {
    this.parts = parts
  }

  /** The table is the present primary's: another one may be of another version, or have other modules. */
  get current(): boolean {
    return this.of !== null && this.of === this.parts.primary()
  }

  run(): void {
    const { parts } = this
    const [connection, primary] = [parts.connection(), parts.primary()]
    if (connection === null || primary === null || this.of === primary || this.asked === primary) return
    this.asked = primary
    learn(connection, parts.door, primary, parts.passwordRequired).then(
      ({ table, passwordRequired }) => {
        if (this.asked !== primary) return
        this.asked = null
        this.of = primary
        this.table = table
        parts.onLearned(passwordRequired)
      },
      (error: unknown) => {
        if (this.asked !== primary) return
        this.asked = null
        parts.onFailed(error instanceof Error ? error.message : String(error))
        setTimeout(() => {
          this.run()
        }, againMs)
      },
    )
  }
}
