import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { linkIn, startSite } from '../support/site'
import { aVisitor, formsIn, type Answer } from '../support/visitor'

/**
 * The database does not do its part while pages are served: each page says so in a sentence and keeps what was typed,
 * nothing that was acknowledged is lost, and the same form works when the database is itself again. What stands in the
 * way at the start (garbage, another program's, newer, not writable) is in tests/site/backup.test.ts.
 */
type Page = Answer & { path: string }
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A sentence and a way on, and what was typed; never a stack trace. */
function apologizes(page: Page, typed: string): void {
  expect(page.status).toBe(503)
  expect(page.body).toContain('couldn’t save this just now')
  expect(page.body).not.toMatch(/\bat \S+ \(|SQLITE|Libsql|insert into/)
  expect(page.body).toContain(typed)
  expect(formsIn(page.body).length).toBeGreaterThan(0)
}

async function smallDisk(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'registration-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
  closing.push(async () => {
    execFileSync('umount', ['-l', folder])
    await rm(folder, { recursive: true })
  })
  return folder
}

/** Another process that holds the write lock. */
async function lock(file: string): Promise<ChildProcess> {
  const program = `
    import Database from 'libsql'
    const db = new Database(process.argv[1], { timeout: 5000 })
    db.exec('begin immediate')
    process.stdout.write('locked')
    // A connection that nobody needs any more is collected, and its lock with it.
    setInterval(() => db.inTransaction, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

/** From the first page to the one that asks for the address. */
async function atTheAddress(url: string, username: string) {
  const visitor = aVisitor(url)
  const page = await visitor.submit(await visitor.get('/register'), { username })
  expect(page.path).toBe('/register/email')
  return { visitor, page }
}

/** Writes until nothing more goes in; the site may be writing as well. */
async function fill(disk: string): Promise<void> {
  const page = Buffer.alloc(4096)
  for (;;)
    try {
      await appendFile(join(disk, 'filler'), page)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return
      throw error
    }
}

test('a disk that is full', async () => {
  const disk = await smallDisk()
  const site = await startSite({ config: { database: { path: join(disk, 'registration.db') } } })
  closing.push(() => site.stop())
  const before = await atTheAddress(site.url, 'before')
  await before.visitor.submit(before.page, { email: 'before@mail.test' })
  const link = linkIn(await site.mail.next('before@mail.test'), '/register/verify/')

  const during = await atTheAddress(site.url, 'during')
  await fill(disk)
  let refused: Page | null = null
  // What the log of the database has room for is still taken, and kept.
  const taken: string[] = []
  for (let turn = 0; turn < 200 && refused === null; turn++) {
    const email = `during-${turn}@mail.test`
    const page = await during.visitor.submit(during.page, { email })
    if (page.status < 400) taken.push(email)
    else refused = page
  }
  if (refused === null) throw new Error('The disk was never full')
  apologizes(refused, `during-${taken.length}@mail.test`)
  expect((await during.visitor.get('/')).status).toBe(200)
  expect((await during.visitor.get('/register')).status).toBe(200)
  // How often names are looked up is written down as well.
  const later = aVisitor(site.url)
  let looked = await later.submit(await later.get('/register'), { username: 'later' })
  for (let turn = 0; turn < 200 && looked.status < 400; turn++)
    looked = await later.submit(await later.get('/register'), { username: 'later' })
  apologizes(looked, 'later')

  await rm(join(disk, 'filler'))
  const email = `during-${taken.length}@mail.test`
  expect((await during.visitor.submit(during.page, { email })).status).toBe(200)
  for (const kept of [...taken, email])
    expect(linkIn(await site.mail.next(kept), '/register/verify/')).toContain('/register/verify/')
  const visitor = aVisitor(site.url)
  const account = await visitor.submit(await visitor.get(new URL(link).pathname), {})
  expect(account.path).toBe('/register/account')
}, 120_000)

test('a file that another process locks for longer than one waits', async () => {
  const site = await startSite()
  closing.push(() => site.stop())
  const { visitor, page } = await atTheAddress(site.url, 'river')
  const holder = await lock(join(site.folder, 'registration.db'))
  const [locked, others] = await Promise.all([
    visitor.submit(page, { email: 'river@mail.test' }),
    aVisitor(site.url).get('/register'),
  ])
  apologizes(locked, 'river@mail.test')
  expect(others.status).toBe(200)
  const ended = once(holder, 'exit')
  holder.kill('SIGKILL')
  await ended
  expect((await visitor.submit(page, { email: 'river@mail.test' })).status).toBe(200)
  expect((await site.mail.next('river@mail.test')).text).toContain('/register/verify/')
  expect(site.mail.mails).toHaveLength(1)
}, 120_000)

test('a lock that is let go in time is not even noticed', async () => {
  const site = await startSite()
  closing.push(() => site.stop())
  const { visitor, page } = await atTheAddress(site.url, 'river')
  const holder = await lock(join(site.folder, 'registration.db'))
  const sent = visitor.submit(page, { email: 'river@mail.test' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  holder.kill('SIGKILL')
  expect((await sent).status).toBe(200)
  expect((await site.mail.next('river@mail.test')).text).toContain('/register/verify/')
}, 120_000)
