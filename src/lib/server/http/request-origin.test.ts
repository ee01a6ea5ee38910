import { describe, expect, test } from 'vitest'
import { hasHttps, isFromHere } from './request-origin'

const url = 'https://register.example.org'
const hosts = [
  'register.example.org',
  'localhost',
  '127.0.0.1',
  '[::1]',
  '.shared.example.org',
  'plain.internal',
]
const told = (headers: Record<string, string>) =>
  isFromHere(new Headers({ host: 'register.example.org', ...headers }), { url, hosts })

describe('a request is from here', () => {
  test.each<[string, Record<string, string>]>([
    ['from the page of site.url', { origin: url }],
    ['as modern browsers send it', { origin: url, 'sec-fetch-site': 'same-origin' }],
    ['by a proxy that names this program', { host: '127.0.0.1:3000', origin: url }],
    ['under another name that is listed', { host: 'localhost:3000', origin: 'http://localhost:3000' }],
    ['under an address', { host: '[::1]:3000', origin: 'http://[::1]:3000' }],
    ['in another spelling', { host: 'LOCALHOST.:3000', origin: 'http://localhost:3000' }],
    ['on another port, which the proxy takes away', { origin: 'https://register.example.org:8443' }],
    [
      'on another port, which the proxy passes on',
      { host: 'register.example.org:8443', origin: `${url}:8443` },
    ],
    [
      'with the port that the scheme has anyway',
      { host: 'plain.internal:80', origin: 'http://plain.internal' },
    ],
    ['with the port that https has anyway', { host: 'plain.internal:443', origin: 'https://plain.internal' }],
    ['without TLS', { origin: 'http://register.example.org' }],
    ['with TLS under another name', { host: 'plain.internal', origin: 'https://plain.internal' }],
    [
      'by a proxy that names this program, under another name, of which the browser says that it is ours',
      { host: '127.0.0.1:3000', origin: 'https://plain.internal', 'sec-fetch-site': 'same-origin' },
    ],
    ['from a text browser, which sends no Origin', { referer: `${url}/register` }],
    ['from one that sends nothing at all', {}],
    ['from one that is told to send no Referer', { referer: '' }],
    ['by hand', { 'sec-fetch-site': 'none' }],
  ])('%s', (_, headers) => {
    expect(told(headers)).toBe(true)
  })
})

describe('a request is not from here', () => {
  test.each<[string, Record<string, string>]>([
    ['from another site', { origin: 'https://evil.test' }],
    ['from a sandbox, a file, or after a redirect', { origin: 'null' }],
    ['from nowhere', { origin: '' }],
    ['from no web page', { origin: 'moz-extension://abc' }],
    ['with more than an origin', { origin: `${url}/` }],
    ['with two', { origin: `${url}, https://evil.test` }],
    ['with a user', { origin: 'https://register.example.org@evil.test' }],
    ['from a host below', { origin: 'https://evil.register.example.org' }],
    ['from a host beside', { origin: 'https://www.example.org' }],
    ['from one that begins alike', { origin: `${url}.evil.test` }],
    ['from another of our names', { origin: 'http://localhost:3000' }],
    [
      'from somebody else below a domain that is listed whole',
      { host: 'a.shared.example.org', origin: 'https://b.shared.example.org' },
    ],
    [
      'from another of our names, as browsers tell it',
      { host: 'localhost', origin: 'http://127.0.0.1', 'sec-fetch-site': 'cross-site' },
    ],
    [
      'from another port than the one that was asked',
      { host: 'localhost:3000', origin: 'http://localhost:4000' },
    ],
    [
      'from another port, as browsers tell it',
      { origin: 'https://register.example.org:8443', 'sec-fetch-site': 'same-site' },
    ],
    [
      'from a page without TLS that somebody planted on the way',
      { origin: 'http://register.example.org', 'sec-fetch-site': 'cross-site' },
    ],
    ['under a name that is not listed', { host: 'evil.test', origin: 'https://evil.test' }],
    ['by what the browser says alone', { 'sec-fetch-site': 'cross-site' }],
    ['by what no browser says', { 'sec-fetch-site': 'nonsense' }],
    ['by the Referer, where there is no Origin', { referer: 'https://evil.test/register' }],
    ['by a Referer that is no address', { referer: 'about:blank' }],
    ['by the Origin, whatever the Referer says', { origin: 'https://evil.test', referer: `${url}/` }],
  ])('%s', (_, headers) => {
    expect(told(headers)).toBe(false)
  })

  test('nor is one that asks for no host, from any page but that of site.url', () => {
    expect(isFromHere(new Headers({ origin: 'https://plain.internal' }), { url, hosts })).toBe(false)
    expect(isFromHere(new Headers({ origin: url }), { url, hosts })).toBe(true)
  })

  test('one port speaks one scheme', () => {
    const site = { url: 'http://127.0.0.1:3000', hosts: ['127.0.0.1'] }
    const headers = { host: '127.0.0.1:3000', origin: 'https://127.0.0.1:3000' }
    expect(isFromHere(new Headers(headers), site)).toBe(false)
    expect(isFromHere(new Headers({ ...headers, 'sec-fetch-site': 'same-origin' }), site)).toBe(true)
  })
})

describe('cookies are for https alone', () => {
  const secure = (headers: Record<string, string>, siteUrl = url) => hasHttps(new Headers(headers), siteUrl)
  const own = { host: 'register.example.org' }
  const other = { host: 'plain.internal' }

  test.each<[boolean, string, Record<string, string>]>([
    [true, "at the site's name, before anything is known", own],
    [true, 'as its own page says', { ...own, origin: url }],
    [
      false,
      'but not for a browser that came there by http',
      { ...own, origin: 'http://register.example.org' },
    ],
    [false, 'nor for a text browser', { ...own, referer: 'http://register.example.org/register' }],
    [
      true,
      'where a page without TLS only leads here',
      { ...own, referer: 'http://register.example.org/', 'sec-fetch-site': 'cross-site' },
    ],
    [true, 'where another site leads here', { ...own, referer: 'http://evil.test/' }],
    [false, 'at another name, where nothing speaks for TLS', other],
    [true, 'at another name by what its page says', { ...other, origin: 'https://plain.internal' }],
    [true, 'at another name by what browsers send with TLS alone', { ...other, 'sec-fetch-site': 'none' }],
    [true, 'at another name by what the proxy says', { ...other, 'x-forwarded-proto': 'https' }],
    [
      false,
      'on this machine, where browsers send that without TLS',
      { host: 'localhost:3000', 'sec-fetch-site': 'none' },
    ],
    [false, 'at its address in IPv6', { host: '[::1]:3000', 'sec-fetch-site': 'none' }],
    [false, 'where no host is asked for', {}],
    [false, 'on this machine', { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' }],
  ])('%s: %s', (expected, _, headers) => {
    expect(secure(headers)).toBe(expected)
  })

  test('never where site.url has none', () => {
    expect(secure({ host: 'localhost', 'x-forwarded-proto': 'https' }, 'http://localhost:3000')).toBe(false)
  })
})
