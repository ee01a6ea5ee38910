import { describe, expect, test } from 'vitest'
import { hungUp, NO_CONTENT, REFUSED_BECAUSE, refuseRequest, securityHeaders } from './request-guard'

const site = { url: 'https://register.example.org', hosts: ['register.example.org', 'localhost'] }
const HOST = 'register.example.org'
const FORM = 'application/x-www-form-urlencoded'
const ours = { origin: site.url, 'sec-fetch-site': 'same-origin' }

/** Why a request is refused, with its status; null: it is let through. */
function told(method: string, path: string, headers: Record<string, string> = {}): string | null {
  const request = {
    method,
    url: new URL(path, site.url),
    headers: new Headers({ host: HOST, ...headers }),
  }
  const refused = refuseRequest(request, site)
  if (refused !== null) expect(REFUSED_BECAUSE, 'what metrics count from the start').toContain(refused.why)
  return refused === null ? null : `${refused.status} ${refused.why}`
}
const form = { ...ours, 'content-type': FORM }
const json = { ...ours, 'content-type': 'application/json' }

describe('what our own pages send is let through', () => {
  test.each(['GET', 'HEAD', 'OPTIONS'])('%s of a page, whoever leads there', (method) => {
    expect(told(method, '/register')).toBeNull()
    expect(
      told(method, '/register', { 'sec-fetch-site': 'cross-site', referer: 'https://evil.test/' }),
    ).toBeNull()
    expect(told(method, '/register?batch=1&/default')).toBeNull()
    expect(told(method, '/register/a,b')).toBeNull()
  })

  test.each([FORM, `${FORM};charset=UTF-8`, ' Application/X-WWW-Form-UrlEncoded ; charset=utf-8'])(
    'a form as %s',
    (type) => {
      expect(told('POST', '/register?/start', { ...ours, 'content-type': type })).toBeNull()
    },
  )

  test('a call, asked for or sent', () => {
    expect(told('GET', '/trpc/registration.current?input=a,b', ours)).toBeNull()
    expect(told('POST', '/trpc/registration.start', json)).toBeNull()
    expect(
      told('POST', '/trpc/registration.start', {
        ...json,
        'content-type': 'Application/JSON; charset=utf-8',
      }),
    ).toBeNull()
  })

  test('a form from a text browser, which says nothing of where it comes from', () => {
    expect(told('POST', '/register', { 'content-type': FORM })).toBeNull()
  })
})

describe('a host that is not ours is refused, whatever it asks for', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])('%s', (method) => {
    for (const path of ['/', '/register', '/trpc/registration.current'])
      expect(told(method, path, { ...json, host: 'evil.test' })).toBe('400 unknown_host')
  })

  test('and so is none', () => {
    const headers = new Headers()
    expect(refuseRequest({ method: 'GET', url: new URL(site.url), headers }, site)).toEqual({
      status: 400,
      why: 'unknown_host',
    })
  })
})

test.each(['/register/status/', '/register/verify/', '/verify-email/', '/trpc/', '/admin/', '/'])(
  'a path under %s that is longer than any of ours is refused, however it is encoded',
  (start) => {
    for (const method of ['GET', 'HEAD', 'POST']) {
      const headers = start === '/trpc/' ? json : form
      const path = (length: number) => start.padEnd(length, 'a')
      expect(told(method, path(1_001), headers)).toBe('414 long_path')
      expect(told(method, `${start}${'ö'.repeat(200)}`, headers)).toBe('414 long_path')
      expect(told(method, `${path(1_001)}/in?x`, headers)).toBe('414 long_path')
      expect(told(method, path(1_000), headers)).not.toBe('414 long_path')
      expect(told(method, `${path(40)}?${'a'.repeat(3_000)}`, headers)).not.toBe('414 long_path')
    }
  },
)

describe('what another site sends is refused', () => {
  const elsewhere: [string, Record<string, string>][] = [
    ['by its Origin', { origin: 'https://evil.test' }],
    ['by its Referer', { referer: 'https://evil.test/page' }],
    ['by the browser’s word', { 'sec-fetch-site': 'cross-site' }],
    ['from a host beside ours', { 'sec-fetch-site': 'same-site' }],
  ]
  test.each(elsewhere)('%s', (_, headers) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'get'])
      expect(told(method, '/register', { 'content-type': FORM, ...headers })).toBe('403 other_site')
    expect(told('POST', '/trpc/registration.start', { 'content-type': 'application/json', ...headers })).toBe(
      '403 other_site',
    )
  })

  test.each(elsewhere)('also what it only asks for by a call, %s', (_, headers) => {
    for (const path of ['/trpc', '/trpc/', '/trpc/registration.current'])
      expect(told('GET', path, headers)).toBe('403 other_site')
  })
})

describe('a form is refused', () => {
  test.each([
    undefined,
    '',
    'text/plain',
    'multipart/form-data; boundary=a',
    'application/json',
    `text/plain; ${FORM}`,
    `${FORM}x`,
  ])('as %s', (type) => {
    const headers = type === undefined ? ours : { ...ours, 'content-type': type }
    expect(told('POST', '/register', headers)).toBe('415 not_text')
    expect(told('DELETE', '/register', headers)).toBe('415 not_text')
    // What only begins like the calls is a page.
    expect(told('POST', '/trpcs', headers)).toBe('415 not_text')
  })

  test('that names the action which no page of ours has', () => {
    expect(told('POST', '/register?/default', form)).toBe('404 no_action')
    expect(told('POST', '/register?a=1&/default=', form)).toBe('404 no_action')
    expect(told('POST', '/trpc/registration.start?/default', json)).toBeNull()
  })
})

describe('a call is refused', () => {
  test.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'])('as %s', (method) => {
    for (const path of ['/trpc', '/trpc/registration.start'])
      expect(told(method, path, json)).toBe('405 method')
  })

  test.each([undefined, 'text/plain', FORM, 'text/plain; application/json', 'application/jsonp'])(
    'as %s, which a form of another site can send, too',
    (type) => {
      const headers = type === undefined ? ours : { ...ours, 'content-type': type }
      expect(told('POST', '/trpc/registration.start', headers)).toBe('415 not_json')
    },
  )

  test.each([
    '/trpc/a.b,c.d',
    '/trpc/a.b%2Cc.d',
    '/trpc/a.b%2cc.d',
    '/trpc/a.b%252Cc.d',
    '/trpc/a.b%252cc.d',
    '/trpc/a.b%25252Cc.d',
    '/trpc/a.b?batch=1',
    '/trpc/a.b?batch',
    '/trpc/a.b?x=1&batch=0',
    '/trpc/a.b?%62atch=1',
  ])('that carries many: %s', (path) => {
    expect(told('GET', path, ours)).toBe('400 batch')
    expect(told('POST', path, json)).toBe('400 batch')
  })
})

test('somebody went away where the connection was reset in the middle, and nowhere else', () => {
  const error = (message: string, code?: string) => Object.assign(new Error(message), code && { code })
  expect(hungUp(error('aborted', 'ECONNRESET'))).toBe(true)
  expect(hungUp(error('aborted', 'EPIPE'))).toBe(false)
  expect(hungUp(error('aborted'))).toBe(false)
  expect(hungUp(error('read', 'ECONNRESET'))).toBe(false)
  for (const other of [{ message: 'aborted', code: 'ECONNRESET' }, 'aborted', null, undefined])
    expect(hungUp(other)).toBe(false)
})

describe('every answer', () => {
  const HELD = { 'strict-transport-security': 'max-age=31536000' }
  test('carries what keeps it where it belongs, and https for a year where there is https', () => {
    const everywhere = {
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=(), browsing-topics=()',
    }
    expect(securityHeaders('https://register.example.org')).toEqual({ ...everywhere, ...HELD })
    expect(securityHeaders('http://register.example.org')).toEqual(everywhere)
    expect(NO_CONTENT).toBe("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
  })
})
