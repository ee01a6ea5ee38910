import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintToken } from '../../src/lib/server/crypto/tokens'
import { runSql } from '../support/other-process'
import { halt, serveAgain } from '../support/serve-again'
import { startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(() => site.stop())

/** Lets all that is said meanwhile arrive at one moment, however slow the machine is: the program stands still. */
async function atOneMoment(program: ChildProcess, say: () => void, sockets: Socket[]): Promise<void> {
  program.kill('SIGSTOP')
  try {
    say()
    while (sockets.some(({ writableLength }) => writableLength > 0)) await setTimeout(10)
  } finally {
    program.kill('SIGCONT')
  }
}

async function openConnection(): Promise<Socket> {
  const socket = connect(Number(new URL(site.url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/**
 * Connections that are open, and have said nothing yet. The system opens them before the program takes them, in their
 * order: it has taken all of them when it answers on one that came later.
 */
async function openConnections(count: number): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: count }, openConnection))
  const last = await openConnection()
  const answer = answerOn(last)
  last.write(`GET /healthz HTTP/1.1\r\nHost: ${new URL(site.url).host}\r\nConnection: close\r\n\r\n`)
  expect(await answer).toMatch(/^HTTP\/1.1 200/)
  return sockets
}

async function answerOn(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (text += chunk))
  await once(socket, 'close')
  return text
}

test('a crowd that comes at one moment is served, or sent away in words at once; and then all is as before', async () => {
  const sockets = await openConnections(900)
  const answers = sockets.map(answerOn)
  const { host } = new URL(site.url)
  const request = `GET /register/again HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`
  await atOneMoment(site.process, () => sockets.forEach((socket) => socket.write(request)), sockets)
  const all = await Promise.all(answers)
  const served = all.filter((answer) => answer.startsWith('HTTP/1.1 200'))
  const away = all.filter((answer) => answer.startsWith('HTTP/1.1 503'))
  expect(served.length + away.length).toBe(900)
  expect(served.length).toBeGreaterThanOrEqual(250)
  expect(away.length).toBeGreaterThan(0)
  for (const answer of away) {
    expect(answer).toMatch(/^retry-after: 5\r$/im)
    expect(answer).toContain('very busy right now')
  }
  expect((await aVisitor(site.url).get('/register')).status).toBe(200)
}, 60_000)

test('connections that say nothing, or half of something, keep nobody out', async () => {
  const silent = await openConnections(100)
  for (const socket of silent.slice(50)) socket.write('GET /register HTTP/1.1\r\nHost: 127')
  expect((await aVisitor(site.url).get('/register')).status).toBe(200)
  expect((await fetch(`${site.url}/healthz`)).ok).toBe(true)
  for (const socket of silent) socket.destroy()
})

/** A crowd of strangers, each with such a cookie, and at once after them all these moderators: how many of whom were served. */
async function crowd(program: ChildProcess, cookieOf: () => string, moderators: string[], strangers: number) {
  const { host } = new URL(site.url)
  const ask = (path: string, session: string) =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nCookie: session=${session}\r\nConnection: close\r\n\r\n`
  const sockets = await openConnections(strangers + moderators.length)
  const answers = sockets.map(answerOn)
  const say = () => {
    for (const [index, socket] of sockets.entries())
      socket.write(
        index < strangers
          ? ask('/register/again', cookieOf())
          : ask('/admin?tab=all', moderators[index - strangers] ?? ''),
      )
  }
  await atOneMoment(program, say, sockets)
  const all = await Promise.all(answers)
  const served = (of: string[]) => of.filter((answer) => answer.startsWith('HTTP/1.1 200')).length
  return { strangers: served(all.slice(0, strangers)), moderators: served(all.slice(strangers)) }
}

test('a cookie that anybody can write takes no place of those who work here, also right after a start', async () => {
  const tokens = Array.from({ length: 53 }, () => mintToken())
  const [now, later] = [Date.now(), Math.floor(Date.now() / 1000) + 600_000]
  await halt(site)
  await runSql(
    join(site.folder, 'registration.db'),
    tokens.flatMap(({ hash }, index) => [
      `insert into moderators (id, username, email, password_hash, created_at)
       values ('m-${index}', 'mod${index}', 'mod${index}@example.test', 'none', ${now})`,
      `insert into sessions (id, user_id, expires_at, started_at) values ('${hash}', 'm-${index}', ${later}, ${now})`,
    ]),
  )
  const { process: program, end } = await serveAgain(site)
  try {
    const moderators = tokens.map(({ plain }) => plain)
    let count = 0
    const served = await crowd(program, () => (count++ % 2 === 0 ? 'x' : mintToken().plain), moderators, 600)
    expect(served.moderators).toBe(53)
    expect(served.strangers).toBeLessThan(600)
  } finally {
    await end()
  }
}, 60_000)
