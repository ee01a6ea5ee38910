import { expect, test } from 'vitest'
import { isOldestFirst, queueQuery, readQueueFilter } from './queue-filter'

const read = (query: string) => readQueueFilter(new URLSearchParams(query))

test('a filter in a URL is the same filter when it is read', () => {
  const query =
    'tab=all&q=repair+caf%C3%A9&language=de&domain=posteo.example&network=203.0.113.0%2F24&from=2026-01-01&sort=oldest'
  expect(queueQuery(read(query))).toBe(`?${query}`)
})

test('what cannot be a filter is left out', () => {
  expect(read('tab=nonsense&q=++&language=xx&from=yesterday&after=%27;drop&sort=up')).toEqual({
    tab: 'waiting',
  })
  expect(read(`q=${'x'.repeat(400)}`)).toEqual({ tab: 'waiting' })
})

test('a filter is never longer than a header can be, and the first parts of it stay', () => {
  const parts = ['q', 'domain', 'network', 'moderator', 'name', 'address', 'like', 'invitation']
  const long = new URLSearchParams(parts.map((part) => [part, '字'.repeat(300)]))
  const filter = readQueueFilter(long)
  expect(filter).toEqual({ tab: 'waiting', q: '字'.repeat(300) })
  expect(queueQuery(filter).length).toBeLessThan(3000)
  const short = new URLSearchParams(parts.map((part) => [part, '字'.repeat(30)]))
  expect(Object.keys(readQueueFilter(short))).toHaveLength(parts.length + 1)
})

test('the order is only said where it is not the usual one', () => {
  expect(queueQuery(read('tab=decided&sort=newest'))).toBe('?tab=decided')
  expect(queueQuery(read('sort=newest'))).toBe('?sort=newest')
})

test('a part can be changed and taken away', () => {
  const filter = read('q=river&domain=spam.example&after=12.abc')
  expect(queueQuery(filter, { domain: null, after: null })).toBe('?q=river')
  expect(queueQuery(filter, { tab: 'all', q: null, after: null })).toBe('?tab=all&domain=spam.example')
  expect(queueQuery({ tab: 'waiting' })).toBe('')
})

test('what waits is shown oldest first, unless a moderator wants it otherwise', () => {
  expect(isOldestFirst({ tab: 'waiting' })).toBe(true)
  expect(isOldestFirst({ tab: 'decided' })).toBe(false)
  expect(isOldestFirst({ tab: 'waiting', sort: 'newest' })).toBe(false)
})

test.each([
  ['203.0.113.5', '203.0.113.0/24'],
  [' 203.0.113.0/24 ', '203.0.113.0/24'],
  ['::ffff:203.0.113.5', '203.0.113.0/24'],
  ['2001:DB8:0:1::5', '2001:db8:0:1::/64'],
  ['2001:0db8:0:1::/64', '2001:db8:0:1::/64'],
  ['203.0.0.0/16', '203.0.0.0/16'],
  ['2001:DB8::/48', '2001:db8::/48'],
  ['localhost', 'localhost'],
])('the network %j is the one that requests are stored with: %j', (typed, network) => {
  const filter = readQueueFilter(new URLSearchParams({ network: typed }))
  expect(filter.network).toBe(network)
  expect(read(queueQuery(filter))).toEqual(filter)
})
