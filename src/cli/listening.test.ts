import { expect, test } from 'vitest'
import { fillInListening, noListening } from './listening'

const error = (code: string) => Object.assign(new Error(code), { code })

test.each<[string, Record<string, string>, number, RegExp]>([
  [
    'EACCES',
    { HOST: '127.0.0.1', PORT: '80' },
    2,
    /may not listen on 127\.0\.0\.1:80: ports below 1024 .* Set PORT/,
  ],
  ['EADDRINUSE', { HOST: '::', PORT: '3000' }, 1, /^\[::\]:3000 is already in use/],
  ['EMFILE', { HOST: '::', PORT: '3000' }, 1, /\(EMFILE\): check HOST and PORT/],
  ['EACCES', { SOCKET_PATH: '/run/desk' }, 2, /may not create the socket \/run\/desk/],
])('%s has a sentence with a remedy', (code, env, exit, words) => {
  const found = noListening(error(code), env)
  expect(found.code).toBe(exit)
  expect(found.words).toMatch(words)
})

test('nothing said is this machine alone, and what is said stays', () => {
  const filled = (env: Record<string, string | undefined>) => {
    fillInListening(env)
    return env
  }
  expect(filled({})).toEqual({ HOST: '127.0.0.1', PORT: '3000' })
  expect(filled({ HOST: '', PORT: '', SOCKET_PATH: '' })).toEqual({ HOST: '127.0.0.1', PORT: '3000' })
  expect(filled({ HOST: '0.0.0.0', PORT: '80' })).toEqual({ HOST: '0.0.0.0', PORT: '80' })
  expect(filled({ SOCKET_PATH: '/run/desk' })).toEqual({ HOST: '127.0.0.1', SOCKET_PATH: '/run/desk' })
  // Given both, Node would listen on the port, and the adapter would log the socket.
  expect(filled({ PORT: '80', SOCKET_PATH: '/run/desk' })).toEqual({
    HOST: '127.0.0.1',
    SOCKET_PATH: '/run/desk',
  })
})
