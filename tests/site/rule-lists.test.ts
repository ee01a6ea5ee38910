import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSql } from '../support/other-process'
import { askDatabase, runCli, startSite, type Site } from '../support/site'
import { aVisitor, formsIn } from '../support/visitor'
import { signedIn } from './attack/people'

const RULES = 3_000
const IMPORT = '/admin/rules/import'

let site: Site
let administrator: Awaited<ReturnType<typeof signedIn>>
let moderator: ReturnType<typeof aVisitor>
beforeAll(async () => {
  site = await startSite()
  await runSql(database(), [
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${RULES})
     insert into rules (id, subject, form, value, effect, reason, made_by, made_at, hits)
     select 'r-' || i, 'domain', 'exact', 'spam' || i || '.example', case i % 2 when 0 then 'block' else 'hold' end,
       '=HYPERLINK("http://evil.example")', null, 1767000000000, i from n`,
    `insert into rules (id, subject, form, value, effect, made_at, hits)
     values ('p-1', 'email', 'pattern', '-.*@mail[.]test', 'allow', 1767000000000, 0)`,
  ])
  administrator = await signedIn(site)
  const mo = { username: 'mo', password: 'a moderators password' }
  const create = [
    'admin',
    'create',
    '--username',
    mo.username,
    '--email',
    'mo@example.test',
    '--password-stdin',
  ]
  await runCli(site.folder, [...create, '--role', 'moderator'], mo.password)
  moderator = aVisitor(site.url)
  await moderator.submit(await moderator.get('/admin/login'), mo)
}, 60_000)
afterAll(() => site.stop())

const database = () => join(site.folder, 'registration.db')

async function ask(sql: string): Promise<unknown[][]> {
  const { rows, columns } = await askDatabase(site, sql)
  return rows.map((row) => columns.map((column) => row[column]))
}
const count = async (where = 'true') =>
  Number((await ask(`select count(*) n from rules where ${where}`))[0]?.[0])

/** The fields of the form, as a browser without scripts sends them. */
const post = (visitor: typeof moderator, action: string, fields: Record<string, string>) =>
  visitor.send(
    'POST',
    `${IMPORT}?/${action}`,
    { 'content-type': 'application/x-www-form-urlencoded', origin: site.url, accept: 'text/html' },
    new URLSearchParams({
      format: 'lines',
      kind: 'domain',
      effect: 'block',
      days: '',
      reason: '',
      ...fields,
      text: (fields['text'] ?? '').replace(/\r?\n/g, '\r\n'),
    }).toString(),
  )
const seenIn = (body: string) => /name="seen" value="([^"]+)"/.exec(body)?.[1] ?? ''

describe('an export', () => {
  test('is a table in parts, for nobody to keep, and no spreadsheet calculates in it', async () => {
    const { status, headers, body } = await moderator.get('/admin/rules/export?format=csv')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': expect.stringMatching(/^attachment; filename="rules-\d{4}-\d\d-\d\d\.csv"$/),
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(headers['content-length']).toBeUndefined()
    const lines = body.split('\r\n')
    expect(lines[0]).toBe('\uFEFFkind,value,effect,reason,expires,author,made,hits,last_hit')
    expect(lines).toHaveLength(RULES + 3)
    expect(new Set(lines).size).toBe(RULES + 3)
    expect(body).toContain(
      `domain,spam2.example,block,"'=HYPERLINK(""http://evil.example"")",,,2025-12-29T09:20:00.000Z,2,\r\n`,
    )
    expect(body).toContain(`address_pattern,"'-.*@mail[.]test",allow,,,,`)
    expect(body).not.toMatch(/(?:^|,|\n)[=+@-]/)
    expect(await ask("select detail from events where kind = 'exported'")).toEqual([
      [JSON.stringify({ what: 'rules', format: 'csv' })],
    ])
  })

  test('is one value per line, of one kind and effect', async () => {
    const { headers, body } = await moderator.get('/admin/rules/export?format=txt&kind=domain&effect=hold')
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(headers['content-disposition']).toMatch(/filename="rules-domain-\d{4}-\d\d-\d\d\.txt"$/)
    const values = body.trimEnd().split('\n')
    expect(values).toHaveLength(RULES / 2)
    expect(values.every((value) => /^spam\d*[13579]\.example$/.test(value))).toBe(true)
    expect(
      (await moderator.get('/admin/rules/export?format=txt&kind=domain&effect=')).body.split('\n'),
    ).toHaveLength(RULES + 1)
    expect((await moderator.get('/admin/rules/export?format=txt&kind=name')).body).toBe('')
  })

  test.each(['', 'format=xml', 'format=txt', 'format=txt&kind=planet', 'format=csv&effect=destroy'])(
    'is refused where it asks for what there is not: %#',
    async (query) => {
      expect((await administrator.get(`/admin/rules/export?${query}`)).status).toBe(400)
    },
  )

  test('is refused to who is not signed in', async () => {
    const answer = await aVisitor(site.url).get('/admin/rules/export?format=csv')
    expect([answer.status, answer.body.includes('spam2')]).toEqual([401, false])
  })
})

describe('an import', () => {
  test('is refused to a moderator, whose page, look and try stand in the log once each', async () => {
    const text = 'moderators.example'
    const { body } = await post(administrator, 'preview', { text })
    const seen = seenIn(body)
    expect(seen).not.toBe('')
    for (const answer of [
      await moderator.get(IMPORT),
      await post(moderator, 'preview', { text }),
      await post(moderator, 'add', { text, seen }),
    ]) {
      expect(answer.status).toBe(403)
      expect(answer.body).not.toContain('<textarea')
    }
    const refused = await ask(
      "select json_extract(detail, '$.path') from events where kind = 'access_refused' order by seq",
    )
    expect(refused.flat()).toEqual(['ruleLists.limits', 'ruleLists.preview', 'ruleLists.add'])
    expect((await moderator.get('/admin/rules')).body).not.toContain(IMPORT)
    expect(await count("value = 'moderators.example'")).toBe(0)
    // With what was typed, to the sign-in.
    for (const action of ['preview', 'add']) {
      const { status, headers } = await post(aVisitor(site.url), action, { text, seen })
      expect([status, headers.location]).toEqual([307, expect.stringContaining('/admin/login')])
    }
  })

  test('of an export of this site would add nothing', async () => {
    const { body } = await administrator.get('/admin/rules/export?format=csv')
    const lines = body.split('\r\n')
    const before = await count()
    // As much as a form can carry, and as the page says.
    const part = [lines[0], ...lines.slice(1, 1_500)].join('\n')
    const looked = await post(administrator, 'preview', { text: part, format: 'csv' })
    expect(looked.status).toBe(200)
    expect(looked.body).toContain('1499 are already active')
    expect(looked.body).toContain('No rules to add.')
    expect(looked.body).not.toMatch(/can’t be read|name="seen"/)
    expect(await count()).toBe(before)
  })

  test('takes as much as the page says, and gives back what was sent', async () => {
    const text = Array.from(
      { length: 5_000 },
      (_, index) => `${String(index).padStart(32, 'n')}.example`,
    ).join('\n')
    const before = await count()
    const looked = await post(administrator, 'preview', { text })
    expect(looked.body).toContain('5000 rules to add')
    expect(looked.body.replaceAll('\r\n', '\n')).toContain(`>${text}</textarea>`)
    expect(await count()).toBe(before)
    const added = await post(administrator, 'add', { text, seen: seenIn(looked.body) })
    expect(added.body).toContain('5000 rules were added')
    expect(await count()).toBe(before + 5_000)
    const again = await post(administrator, 'add', { text, seen: seenIn(looked.body) })
    expect(again.body).toContain('No rules added')

    const tooMany = await post(administrator, 'preview', { text: `${text}\nmore.example` })
    expect([tooMany.status, tooMany.body.includes('this list has 5001')]).toEqual([400, true])
    expect(tooMany.body).toContain('more.example</textarea>')
    const tooLarge = await post(administrator, 'preview', { text: `${text}\n${'x'.repeat(120_000)}` })
    expect([tooLarge.status, tooLarge.body.includes('send it in parts')]).toEqual([413, true])
    expect(await count()).toBe(before + 5_000)
  }, 30_000)

  test('shows what is odd in it as text, and adds only what was looked at', async () => {
    const text = '"><script>alert(1)</script>\n</textarea><b>\nev\u202Eil\nodd.example'
    const looked = await post(administrator, 'preview', { text })
    expect(looked.body).toContain('U+202E')
    expect(looked.body).not.toMatch(/<script>alert|<\/textarea><b>/)
    const answer = await post(administrator, 'add', { text: 'other.example', seen: seenIn(looked.body) })
    expect([answer.status, answer.body.includes('changed since the preview')]).toEqual([409, true])
    expect(await count("value in ('other.example', 'odd.example')")).toBe(0)
  })

  test('takes no file, and nothing of another site', async () => {
    const body =
      '--b\r\nContent-Disposition: form-data; name="text"; filename="list.txt"\r\n\r\na.example\r\n--b--\r\n'
    const file = await administrator.send(
      'POST',
      `${IMPORT}?/preview`,
      { 'content-type': 'multipart/form-data; boundary=b', origin: site.url },
      body,
    )
    expect(file.status).toBe(415)
    const foreign = await administrator.send(
      'POST',
      `${IMPORT}?/add`,
      { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.test' },
      'text=a.example',
    )
    expect(foreign.status).toBe(403)
  })
})

test('who ends a rule stays on the page of the list where it stands, with what it shows', async () => {
  const first = await administrator.get('/admin/rules?effect=hold')
  const next =
    /href="(\/admin\/rules\?[^"]*before=[^"]*)"/.exec(first.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const second = await administrator.get(next)
  const form = formsIn(second.body).find(({ names }) => names.includes('id'))
  const ended = await administrator.post(`/admin/rules${form?.action}`, form?.hidden ?? {})
  expect(ended.path).toBe(second.path)
  expect(await count(`id = '${form?.hidden.id}' and ended_at is not null`)).toBe(1)
})

test('who tries a value beside the rules that are over stays with these', async () => {
  const over = await administrator.get('/admin/rules?over=&effect=block')
  const tried = await administrator.submit(over, { value: 'spam1.example' })
  const current = [...tried.body.matchAll(/<a [^>]*aria-current="page"[^>]*>([^<]*)/g)]
  expect(current.map(([, words]) => words)).toEqual(['Rules', 'Ended'])
})
