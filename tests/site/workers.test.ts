import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { askDatabase, linkIn, runCli, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site
afterEach(() => site.stop())

/** The processes that answer for a program. */
async function workersOf({ process: { pid } }: Site): Promise<number[]> {
  const children = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
  return children.trim().split(/\s+/).filter(Boolean).map(Number)
}

const untilWorkers = (number: number) =>
  expect.poll(() => workersOf(site), { timeout: 30_000 }).toHaveLength(number)
const logged = (words: string) => expect.poll(() => site.log(), { timeout: 30_000 }).toContain(words)

/** A browser whose every request is a connection of its own, and so any of the processes. */
const anyProcess = () => aVisitor(site.url, new Agent({ keepAlive: false }))

/** From the name to the request. */
async function request(name: string): Promise<void> {
  const visitor = anyProcess()
  const chosen = await visitor.submit(await visitor.get('/register'), { username: name })
  await visitor.submit(chosen, { email: `${name}@mail.test` })
  const link = new URL(linkIn(await site.mail.next(`${name}@mail.test`), '/register/verify/'))
  const account = await visitor.submit(await visitor.get(link.pathname), {})
  const sent = await visitor.submit(account, {
    password: 'seven quiet herons at dusk',
    reason: 'I know two people from the repair café who are on your server.',
  })
  expect([sent.status, sent.path]).toEqual([200, expect.stringMatching(/^\/register\/status/)])
}

test('processes share the port, the work and the limits, and one that is killed is replaced', async () => {
  site = await startSite({ config: { workers: 2, rate_limit: { email_submission: 4 } } })
  await expect.poll(() => site.log().split('Listening on').length - 1, { timeout: 30_000 }).toBe(2)
  await Promise.all(['ada', 'bob', 'cleo'].map(request))
  const [killed = 0] = await workersOf(site)
  process.kill(killed, 'SIGKILL')
  await logged('ended unexpectedly')
  await request('dora')
  await untilWorkers(2)
  expect(await workersOf(site)).not.toContain(killed)
  const visitor = anyProcess()
  const chosen = await visitor.submit(await visitor.get('/register'), { username: 'eve' })
  expect((await visitor.submit(chosen, { email: 'eve@mail.test' })).status).toBe(429)
  expect(
    (await askDatabase(site, "select count(*) as n from registrations where state = 'requested'")).rows,
  ).toEqual([{ n: 4 }])
  expect(await site.stop()).toBe(0)
}, 120_000)

test('SIGUSR2 replaces each, reads the file again, and refuses nobody', async () => {
  site = await startSite({ config: { workers: 2 } })
  await untilWorkers(2)
  const before = await workersOf(site)
  const file = join(site.folder, 'config.yaml')
  const settings = (await readFile(file, 'utf8')).replace('name: Example Community', 'name: New Community')
  await writeFile(file, settings)
  let isDone = false
  const answers: number[] = []
  const visits = (async () => {
    while (!isDone) answers.push((await anyProcess().get('/register')).status)
  })()
  site.process.kill('SIGUSR2')
  await logged('All processes were replaced')
  await expect
    .poll(async () => (await workersOf(site)).filter((pid) => before.includes(pid)), { timeout: 30_000 })
    .toEqual([])
  isDone = true
  await visits
  await untilWorkers(2)
  expect((await anyProcess().get('/register')).body).toContain('New Community')
  expect(answers.length).toBeGreaterThan(10)
  expect(new Set(answers)).toEqual(new Set([200]))

  await writeFile(file, 'nonsense')
  const kept = await workersOf(site)
  site.process.kill('SIGUSR2')
  await logged('the running ones stay as they are')
  expect((await anyProcess().get('/register')).status).toBe(200)
  expect(await workersOf(site)).toEqual(kept)
  await writeFile(file, settings)
}, 120_000)

test('what keeps the first from starting ends all of them, with its words and its code', async () => {
  site = await startSite({ config: { workers: 2 } })
  await untilWorkers(2)
  const settings = {
    workers: 2,
    synapse: { admin_token: 'x', server: site.standIn?.url, domain: 'example.test' },
    hosts: ['127.0.0.1'],
    email: { host: '127.0.0.1', port: site.mail.port, from: 'desk@example.test' },
    admin: { email: 'moderators@example.test' },
    database: { path: join(site.folder, 'config.yaml') },
  }
  await writeFile(join(site.folder, 'other.yaml'), stringify(settings))
  const env = { CONFIG: join(site.folder, 'other.yaml'), PORT: '0' }
  const foreign = await runCli(site.folder, ['serve'], '', env)
  expect([foreign.code, foreign.err]).toEqual([1, expect.stringContaining('config.yaml')])
  const socket = await runCli(site.folder, ['serve'], '', { ...env, SOCKET_PATH: join(site.folder, 's') })
  expect([socket.code, socket.err]).toEqual([2, expect.stringContaining('SOCKET_PATH')])
  const taken = await runCli(site.folder, ['serve'], '', { ...env, PORT: new URL(site.url).port })
  expect([taken.code, taken.err]).toEqual([1, expect.stringContaining('already in use')])
  const ended = once(site.process, 'exit')
  site.process.kill('SIGINT')
  expect(await ended).toEqual([0, null])
}, 120_000)

test('they end with the process that started them, however it ends', async () => {
  site = await startSite({ config: { workers: 2 } })
  await untilWorkers(2)
  const workers = await workersOf(site)
  site.process.kill('SIGKILL')
  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  await expect.poll(() => workers.filter(isRunning), { timeout: 30_000 }).toEqual([])
}, 60_000)
