import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawnResult } from '../../../test/harness/verify-result.ts'
import { coarsen, mostBuckets } from './buckets.ts'
import { renderReport } from './report.ts'

const voidElements = new Set(['meta', 'link', 'path', 'br'])

/** @returns the text between tags; fails unless every element is closed in order */
function wellFormedText(page: string): string {
  const open: string[] = []
  const body = page.replace(/^<!doctype html>\s*/, '').replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '')
  let text = ''
  for (const [, between = '', closing, name = '', attributes = ''] of body.matchAll(
    /([^<]*)<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z][\w-]*(?:="[^"<>]*")?)*)\s*\/?>/g,
  )) {
    text += between
    if (closing === '/') assert.equal(open.pop(), name, `</${name}> closes nothing here`)
    else if (!voidElements.has(name)) open.push(name)
    assert.doesNotMatch(attributes, /\son\w+=/, 'no handlers in attributes')
  }
  assert.deepEqual(open, [], 'everything is closed')
  // What the pattern skipped is neither text nor a tag.
  const left = body.replaceAll(/<\/?[a-z][a-z0-9]*(?:\s+[a-zA-Z][\w-]*(?:="[^"<>]*")?)*\s*\/?>/g, '')
  assert.doesNotMatch(left, /[<>]/)
  assert.doesNotMatch(left, /undefined|NaN|Infinity|\[object/)
  return text.replaceAll(/\s+/g, ' ')
}

test('each verdict is the heading, in words, and everything is closed', () => {
  for (const [verdict, words] of [
    ['proved', 'Proved'],
    ['violated', 'Violated'],
    ['unproved', 'Not proved'],
  ] as const) {
    const result = drawnResult({ verdict })
    const text = wellFormedText(renderReport(result))
    assert.ok(text.includes(`${words} ${result.words[0] ?? ''}`), text.slice(0, 400))
    assert.ok(text.indexOf(result.words[0] ?? '') < text.indexOf('Acknowledged'))
  }
})

test('what is lost, what a fault did and what failed stand in the page, without JavaScript', () => {
  const page = renderReport(drawnResult({ verdict: 'violated' }))
  const text = wellFormedText(page)
  for (const words of [
    'own-3 was answered 41 and holds 38',
    'redis-0 (primary) killed',
    'It could not do what it should: redis-1 did not become a replica',
    '3 timeout, 1 uncertain',
    '2 http-502 (explained)',
    'not seen',
    './holdfast verify --for 64s --seed 1',
    'redis-2 is not',
    '7.0.15',
  ])
    assert.ok(text.includes(words), words)
  assert.match(page, /<svg\s[^>]*role="img"\s+aria-label="Latency of calls/)
  assert.doesNotMatch(wellFormedText(renderReport(drawnResult())), /could not do|not seen/)
})

test('somebody else’s words are text, wherever they stand', () => {
  const words = `"><script>alert('x')</script>&amp;`
  const page = renderReport(drawnResult({ verdict: 'violated', words }))
  wellFormedText(page)
  assert.equal(page.match(/<script/g)?.length, 1, 'the page has one script, its own')
  assert.ok(page.includes('&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;'))
})

test('nothing is loaded from anywhere', () => {
  const page = renderReport(drawnResult({ verdict: 'violated' }))
  assert.doesNotMatch(page, /\ssrc=|@import|url\(|<iframe|<img|<object/)
  for (const [, target] of page.matchAll(/\shref="([^"]*)"/g)) assert.match(target ?? '', /^(#|data:,$)/)
})

test('a thousand faults and an hour of data give a file of reasonable size', () => {
  const page = renderReport(drawnResult({ faults: 1000, seconds: 3600 }))
  wellFormedText(page)
  assert.ok(page.length < 1_000_000, String(page.length))
  assert.equal(page.match(/id="fault-\d+"/g)?.length, 1000)
})

test('no call at all, no fault, no deployment: still a page', () => {
  const empty = { bucketMs: 1000, p50: [], p99: [], max: [], answered: [], errors: [] }
  const result = { ...drawnResult({ faults: 0 }), series: empty, before: null, after: null, closing: [] }
  const text = wellFormedText(renderReport({ ...result, workloads: [] }))
  assert.ok(text.includes('None: only calls were made.'))
})

test('putting buckets together loses no call and hides no stall', () => {
  const { series } = drawnResult({ seconds: 3600, faults: 50 })
  const coarse = coarsen(series)
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const highest = (values: readonly (number | null)[]): number =>
    Math.max(...values.filter((value) => value !== null))
  assert.ok(coarse.answered.length <= mostBuckets)
  assert.equal(sum(coarse.answered), sum(series.answered))
  assert.equal(sum(coarse.errors), sum(series.errors))
  assert.equal(highest(coarse.max), highest(series.max))
  assert.ok(coarse.bucketMs * coarse.answered.length >= series.bucketMs * series.answered.length)
})
