import { expect, it } from 'vitest'
import { createRequestLog, routeOf } from './request-log'

it.each([
  ['/register/verify/[token]', '/register/verify/secret', '/register/verify/[token]'],
  [null, '/healthz', '/healthz'],
  [null, '/readyz', '/readyz'],
  [null, '/trpc/registration.start', '/trpc'],
  [null, '/river@mail.test', 'none'],
])('of route %j at %s logs %s', (route, pathname, logged) => {
  expect(routeOf({ route, pathname })).toBe(logged)
})

it('logs a request at info, and a health check at debug', () => {
  const lines: unknown[] = []
  const logRequest = createRequestLog({
    info: (line: object) => lines.push(['info', line]),
    debug: (line: object) => lines.push(['debug', line]),
  })
  logRequest({ method: 'GET', route: '/register', status: 200, ms: 1.26 })
  logRequest({ method: 'GET', route: '/healthz', status: 200, ms: 1 })
  expect(lines).toEqual([
    ['info', { method: 'GET', route: '/register', status: 200, ms: 1.3 }],
    ['debug', { method: 'GET', route: '/healthz', status: 200, ms: 1 }],
  ])
})
