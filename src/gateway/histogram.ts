/** Times in buckets, for Prometheus: an addition or two where commands pass, text when it is asked. */
export class Histogram {
  private readonly bounds: readonly number[]
  /** One more than there are bounds: what is above all of them. */
  private readonly counts: Float64Array
  private sum = 0

  /** @param bounds upper bounds in seconds, ascending */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(seconds: number): void {
    const { bounds, counts } = this
    let bucket = 0
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket++
    counts[bucket] = (counts[bucket] ?? 0) + 1
    this.sum += seconds
  }

  /** Its samples in the text format: cumulative buckets, sum and count. */
  samples(name: string): readonly string[] {
    let total = 0
    const buckets = Array.from(this.counts, (count, index) => {
      total += count
      return `${name}_bucket{le="${String(this.bounds[index] ?? '+Inf')}"} ${total}`
    })
    return [...buckets, `${name}_sum ${this.sum}`, `${name}_count ${total}`]
  }
}
