import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, runCli, startSite, type Site } from '../support/site'

let site: Site
let taken: string
beforeAll(async () => {
  site = await startSite()
  taken = new URL(site.url).port
}, 60_000)
afterAll(async () => {
  await site.stop()
})

/** Tries to serve beside the site, and answers how that ended. */
async function serve(env: Record<string, string>) {
  return runCli(site.folder, ['serve'], '', { PORT: String(await freePort()), HOST: '127.0.0.1', ...env })
}

describe('where it cannot listen it says so in a sentence and ends, before anything else begins', () => {
  test.each<[string, () => Record<string, string>, number, RegExp]>([
    [
      'a port that is taken',
      () => ({ PORT: taken }),
      1,
      /^127\.0\.0\.1:\d+ is already in use.* set PORT .*\n$/,
    ],
    [
      'its own port, on all addresses',
      () => ({ PORT: taken, HOST: '0.0.0.0' }),
      1,
      /^0\.0\.0\.0:\d+ is already in use/,
    ],
    [
      'a port that is none',
      () => ({ PORT: 'http' }),
      2,
      /PORT in the environment must be a number from 0 to 65535\n$/,
    ],
    ['a port that is too high', () => ({ PORT: '65536' }), 2, /PORT in the environment must be a number/],
    [
      'an address of another machine',
      () => ({ HOST: '203.0.113.7' }),
      2,
      /^HOST in the environment \(203\.0\.113\.7\) is not an address of this machine/,
    ],
    [
      'a name that is none',
      () => ({ HOST: 'nowhere.invalid' }),
      2,
      /^HOST in the environment \(nowhere\.invalid\)/,
    ],
    [
      'a folder that there is not',
      () => ({ SOCKET_PATH: join(site.folder, 'no/socket') }),
      2,
      /is in a folder that does not exist/,
    ],
    [
      'a path that is too long',
      () => ({ SOCKET_PATH: `/tmp/${'x'.repeat(120)}` }),
      2,
      /^SOCKET_PATH in the environment/,
    ],
    ['a file', () => ({ SOCKET_PATH: join(site.folder, 'empty') }), 2, /is not a socket: name another/],
    [
      'a socket of another start',
      () => ({ LISTEN_PID: '1', LISTEN_FDS: '1' }),
      2,
      /^LISTEN_PID and LISTEN_FDS/,
    ],
  ])(
    '%s',
    async (_, env, code, words) => {
      writeFileSync(join(site.folder, 'empty'), '')
      const ended = await serve(env())
      expect(ended.err).toMatch(words)
      expect(ended.err.trim().split('\n')).toHaveLength(1)
      expect([ended.code, ended.out]).toEqual([code, ''])
      expect(existsSync(join(site.folder, 'empty'))).toBe(true)
    },
    30_000,
  )

  test('a socket that somebody serves', async () => {
    const path = join(site.folder, 'served')
    const server = createServer().listen(path)
    await once(server, 'listening')
    expect(await serve({ SOCKET_PATH: path })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^The socket .* is already in use/),
    })
    expect(existsSync(path)).toBe(true)
    server.close()
  }, 30_000)
})

test('where nothing is said it listens on this machine alone', async () => {
  const alone = await startSite({ env: { HOST: '' } })
  try {
    expect(alone.log()).toMatch(/Listening on http:\/\/127\.0\.0\.1:\d+/)
  } finally {
    await alone.stop()
  }
}, 60_000)

test('healthcheck finds it where it listens, and says in a line where it does not', async () => {
  const check = (env: Record<string, string>) => runCli(site.folder, ['healthcheck'], '', env)
  expect(await check({ HOST: '0.0.0.0', PORT: taken })).toEqual({
    code: 0,
    out: `127.0.0.1:${taken} answers\n`,
    err: '',
  })
  expect(await check({ HOST: '127.0.0.1', PORT: String(await freePort()) })).toEqual({
    code: 1,
    out: '',
    err: expect.stringMatching(/^No answer from 127\.0\.0\.1:\d+: .*ECONNREFUSED.*\n$/),
  })
}, 30_000)

test('SIGHUP ends it as SIGTERM does', async () => {
  const one = await startSite()
  const ended = once(one.process, 'exit')
  one.process.kill('SIGHUP')
  expect(await ended).toEqual([0, null])
  await one.stop()
}, 60_000)
