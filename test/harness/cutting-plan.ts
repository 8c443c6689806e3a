import type { FrameKind } from './relay-frames.ts'

/**
 * Where a connection is cut, seen from one request:
 * - `before` the server sees any of it; `half`: the server has its first half
 * - `racing`: right behind it, whatever the server makes of that
 * - `unanswered`: the server has run it and its reply is thrown away; `half-answer`: half of the reply arrives
 * - `answered`: its whole reply arrives, and nothing after it
 * - `late`: it is held back, with everything after it, and reaches the server only when the relay is told to let it go
 * - `paused`: the same, but nothing is cut
 * - `silent`: its reply and everything after it is swallowed while the connection stays open
 */
export const fates = [
  'before',
  'half',
  'racing',
  'unanswered',
  'half-answer',
  'answered',
  'late',
  'paused',
  'silent',
] as const
export type Fate = (typeof fates)[number]

export type How = 'fin' | 'rst'

/** One planted failure. */
export interface Step {
  readonly at: FrameKind
  readonly fate: Fate
  /** Default: `fin`. */
  readonly how?: How
  /** So many such requests go by before it. */
  readonly skip?: number
  /** Only on a connection for this. */
  readonly purpose?: string
  /** Something else that fails at the same moment. */
  readonly alongside?: () => void
}

export function describeStep({ at, fate, how = 'fin', skip = 0, purpose }: Step): string {
  const place = skip === 0 ? at : `${at} ${String(skip + 1)}`
  return `${place}${purpose === undefined ? '' : ` of a ${purpose}`}: ${fate} (${how})`
}

/** Steps, one after the other: each waits for its request, on whatever connection that comes. */
export class CuttingPlan {
  readonly steps: readonly Step[]
  private next = 0
  private skipped = 0

  constructor(steps: readonly Step[]) {
    this.steps = steps
  }

  get done(): boolean {
    return this.next >= this.steps.length
  }

  /** @returns the step that this request is for, which is thereby taken */
  take(kind: FrameKind, purpose: string): Step | null {
    const step = this.steps[this.next]
    if (step?.at !== kind) return null
    if (step.purpose !== undefined && step.purpose !== purpose) return null
    if (this.skipped < (step.skip ?? 0)) {
      this.skipped++
      return null
    }
    this.skipped = 0
    this.next++
    return step
  }

  toString(): string {
    return this.steps
      .map((step, index) => `${index === this.next ? '> ' : ''}${describeStep(step)}`)
      .join(', ')
  }
}
