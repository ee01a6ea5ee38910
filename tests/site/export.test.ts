import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSql } from '../support/other-process'
import { cpuSeconds } from '../support/processor'
import { MODERATOR, runCli, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

const EVENTS = 100_000
const MEGABYTE = 1024 * 1024
/** Of the program's own work, whatever else the machine does. */
const LONGEST_ANSWER_MS = 500

let site: Site
let administrator: ReturnType<typeof aVisitor>
beforeAll(async () => {
  site = await startSite()
  await runSql(join(site.folder, 'registration.db'), [
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${EVENTS})
     insert into events (registration_id, at, kind, actor, detail)
     select 'r' || i, ${Date.now() - 24 * 60 * 60_000} + i, case i % 3 when 0 then 'started' else 'requested' end, 'applicant',
       json_object('note', '=HYPERLINK("http://evil.example")') from n`,
  ])
  administrator = aVisitor(site.url)
  await administrator.submit(await administrator.get('/admin/login'), MODERATOR)
}, 60_000)
afterAll(() => site.stop())

/** Fetches a file chunk by chunk; `onChunk` may wait, as a slow reader does. */
function fetchSlowly(path: string, onChunk: (chunk: string) => Promise<unknown>) {
  const cookie = [...administrator.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return new Promise<{ status: number; headers: Record<string, unknown>; ended: boolean }>(
    (resolve, reject) => {
      const { port, host } = new URL(site.url)
      const sent = request({ host: '127.0.0.1', port, path, headers: { host, cookie } }, (response) => {
        const read = async () => {
          response.setEncoding('utf8')
          for await (const chunk of response) await onChunk(String(chunk))
          return { status: response.statusCode ?? 0, headers: response.headers, ended: response.complete }
        }
        read().then(resolve, reject)
      })
      sent.on('error', reject)
      sent.end()
    },
  )
}

async function memory(): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const status = await readFile(`/proc/${site.process.pid ?? 0}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024
}

describe('the export of a hundred thousand events', () => {
  test('comes in parts, as a table that no spreadsheet calculates, and holds nobody up', async () => {
    const before = await memory()
    let [text, parts, most, longest] = ['', 0, 0, 0]
    const { status, headers, ended } = await fetchSlowly(
      '/admin/audit-log/export?format=csv',
      async (chunk) => {
        text += chunk
        if (++parts % 20 !== 0) return
        const used = await cpuSeconds(site.process)
        await fetch(`${site.url}/healthz`)
        longest = Math.max(longest, ((await cpuSeconds(site.process)) - used) * 1000)
        most = Math.max(most, await memory())
      },
    )
    expect([status, ended]).toEqual([200, true])
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present')
    expect(headers['content-disposition']).toMatch(/^attachment; filename="history-\d{4}-\d\d-\d\d\.csv"$/)
    expect(headers['content-length']).toBeUndefined()
    expect(parts).toBeGreaterThan(100)
    expect(most - before).toBeLessThan(64 * MEGABYTE)
    expect(longest).toBeLessThan(LONGEST_ANSWER_MS)

    expect(
      text.startsWith('\uFEFFseq,time,kind,actor,moderator,moderator_id,registration_id,detail\r\n'),
    ).toBe(true)
    const lines = text.split('\r\n').filter((line) => /,r\d+,/.test(line))
    expect(lines).toHaveLength(EVENTS)
    expect(new Set(lines.map((line) => line.split(',')[0])).size).toBe(EVENTS)
    expect(lines[0]).toMatch(/^\d+,\d{4}-\d\d-\d\dT[\d:.]+Z,\w+,applicant,,,r100000,"\{""note"":/)
    expect(text).not.toMatch(/(?:^|,|\n)[=+@-]/)
  }, 60_000)

  test('is valid JSON when it is whole, and filtered as the page is', async () => {
    let text = ''
    const path = '/admin/audit-log/export?format=json&what=started'
    const { headers } = await fetchSlowly(path, async (chunk) => void (text += chunk))
    expect(headers['content-type']).toBe('application/json')
    const events: unknown = JSON.parse(text)
    expect(Array.isArray(events) && events.length).toBe(Math.floor(EVENTS / 3))
    const page = await administrator.get('/admin/audit-log?what=exported')
    expect(page.body).toContain('format: json')
  }, 60_000)

  test('lets others write while a reader dawdles', async () => {
    let [parts, waited] = [0, 0]
    await fetchSlowly('/admin/audit-log/export?format=csv', async () => {
      if (++parts !== 3) return
      const asked = performance.now()
      // A sign-in writes.
      const other = aVisitor(site.url)
      await other.submit(await other.get('/admin/login'), MODERATOR)
      waited = performance.now() - asked
      expect((await other.get('/admin/audit-log')).status).toBe(200)
    })
    expect(waited).toBeGreaterThan(0)
    expect(waited).toBeLessThan(5_000)
  }, 60_000)
})

describe('an export is refused', () => {
  test('to who is not signed in', async () => {
    const answer = await aVisitor(site.url).get('/admin/audit-log/export?format=csv')
    expect(answer.status).toBe(401)
    expect(answer.body).not.toContain('requested')
  })

  test('to a moderator, who stands in the log for it', async () => {
    await runCli(
      site.folder,
      ['admin', 'create', '--username', 'mo', '--email', 'mo@example.test', '--password-stdin'],
      'a moderators password',
    )
    await runSql(join(site.folder, 'registration.db'), [
      "update moderators set role = 'moderator' where username = 'mo'",
    ])
    const moderator = aVisitor(site.url)
    await moderator.submit(await moderator.get('/admin/login'), {
      username: 'mo',
      password: 'a moderators password',
    })
    const log = await moderator.get('/admin/audit-log')
    expect(log.status).toBe(200)
    expect(log.body).not.toContain('/admin/audit-log/export')
    const answer = await moderator.get('/admin/audit-log/export?format=csv')
    expect(answer.status).toBe(403)
    expect(answer.headers['content-disposition']).toBeUndefined()
    expect((await administrator.get('/admin/audit-log?what=access_refused')).body).toContain(
      'auditLog.beginExport',
    )
  }, 30_000)

  test.each(['', 'format=xml', 'format=csv&from=2026-02-31', `format=csv&who=${'x'.repeat(5000)}`])(
    'when it asks for what there is not: %#',
    async (query) => {
      expect((await administrator.get(`/admin/audit-log/export?${query}`)).status).toBe(400)
    },
  )
})

test('the page refuses filters that mean nothing, and shows the others', async () => {
  for (const query of ['from=x', 'what=everything', 'before=0', 'before=-1', 'who=%00', 'registration=a@b.c'])
    expect([query, (await administrator.get(`/admin/audit-log?${query}`)).status]).toEqual([query, 400])
  expect((await administrator.get('/admin/statistics?days=8')).status).toBe(400)
  expect((await administrator.get('/admin/statistics?days=365')).status).toBe(200)
})
