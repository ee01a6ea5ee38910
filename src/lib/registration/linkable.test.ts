import { describe, expect, test } from 'vitest'
import { isLinkable, withoutLinks, withoutLinksInAddress, withoutLinksInId } from './linkable'

describe('what programs may make a link of', () => {
  test.each([
    'evil.test',
    'www.evil.test',
    'www.evil.test/claim-your-account',
    'john.smith',
    '10.0.0.1',
    'a/b',
    'evil。test',
  ])('%s', (name) => {
    expect(isLinkable(name)).toBe(true)
    expect(isLinkable(withoutLinks(name).replaceAll('/', ''))).toBe(false)
  })

  test.each(['river', 'river-stone', 'r_1', 'river.', '.'])('not %s, which stays as it is', (name) => {
    expect(isLinkable(name)).toBe(false)
    expect(withoutLinks(name)).toBe(name)
  })
})

test('of a Matrix ID and an address, only what somebody chose is broken up', () => {
  expect(withoutLinksInId('@www.evil.test/x:matrix.example.org')).toBe(
    '@www[.]evil[.]test/x:matrix.example.org',
  )
  expect(withoutLinksInId('@river:matrix.example.org')).toBe('@river:matrix.example.org')
  expect(withoutLinksInAddress('www.evil.test/x@mail.test')).toBe('www[.]evil[.]test/x@mail.test')
})

test('a text keeps its sentences', () => {
  expect(withoutLinks('See https://evil.test/a.b. It is good.')).toBe(
    'See https[:]//evil[.]test/a[.]b. It is good.',
  )
})
