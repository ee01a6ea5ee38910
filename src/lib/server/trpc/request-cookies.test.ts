import { expect, it } from 'vitest'
import { setOnResponse } from './request-cookies'

const cookies = {
  serialize: (name: string, value: string, options: object) => `${name}=${value}; ${JSON.stringify(options)}`,
}
const cookie = { name: '__Host-session', value: 'abc', maxAge: 60 }

it.each([
  ['session', false],
  ['__Host-session', true],
])('sets a cookie on a response that is complete, as %s', (name, secure) => {
  const response = new Response(null, { status: 303, headers: { location: '/admin' } })
  response.headers.append('set-cookie', 'theme=dark')
  setOnResponse(response, cookie, { cookies, secure })
  const [theme, line = '', ...more] = response.headers.getSetCookie()
  expect([theme, more]).toEqual(['theme=dark', []])
  expect(line.startsWith(`${name}=abc; `)).toBe(true)
  const attributes: unknown = JSON.parse(line.slice(line.indexOf('; ') + 2))
  expect(attributes).toEqual({ path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: 60 })
})

it.each(['session=; Max-Age=0', 'session=other; Path=/'])(
  'leaves what the response says itself: %s',
  (own) => {
    const response = new Response(null, { headers: { 'set-cookie': own } })
    setOnResponse(response, cookie, { cookies, secure: false })
    expect(response.headers.getSetCookie()).toEqual([own])
  },
)
