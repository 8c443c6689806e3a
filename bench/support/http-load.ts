import autocannon from 'autocannon'

export interface HttpFigures {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
}

/** autocannon, each call as soon as the last one of its connection is answered. */
export async function loadHttp(url: string, connections: number, seconds: number): Promise<HttpFigures> {
  const { requests, latency, errors, non2xx } = await autocannon({ url, connections, duration: seconds })
  return { perSecond: requests.average, p50Ms: latency.p50, p99Ms: latency.p99, errors: errors + non2xx }
}
