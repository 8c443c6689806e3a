import type { Key } from './path.ts'

/** What the counter needs from a database. Every method rejects when the database refuses or does not answer. */
export interface CounterStore {
  /** Adds one, atomically. Resolves with the new count in decimal, exact beyond 2^53. Never tries twice. */
  increment(key: Key): Promise<string>
  /** The count that the next `increment` would give, without counting; rejects where that would be refused. */
  peek(key: Key): Promise<string>
  /** Resolves when the database answers. */
  ping(): Promise<void>
  close(): void
}
