import { Agent } from 'node:http'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

const FEW = 1_000
/** How often each page is asked for, of each of the two, in turn. */
const ROUNDS = 60

/** Each page by the way to it; `more` follows the list that many pages on. */
const PAGES: { name: string; path: string; more?: number }[] = [
  { name: 'waiting', path: '/admin' },
  { name: 'waiting, newest first', path: '/admin?sort=newest' },
  { name: 'in trouble', path: '/admin?tab=trouble' },
  { name: 'decided', path: '/admin?tab=decided' },
  { name: 'all', path: '/admin?tab=all' },
  { name: 'all, fourth page', path: '/admin?tab=all', more: 3 },
  { name: 'a common word', path: '/admin?tab=all&q=server' },
  { name: 'a common word in what waits', path: '/admin?q=server' },
  { name: 'two common words', path: '/admin?tab=all&q=server+caf%C3%A9' },
  { name: 'a rare name', path: '/admin?tab=all&q=person-77x' },
  { name: 'a word nobody wrote', path: '/admin?tab=all&q=zyzzyva' },
  { name: 'a common domain', path: '/admin?tab=all&domain=mail.test' },
  { name: 'a common domain in what waits', path: '/admin?domain=mail.test' },
  { name: 'a network', path: '/admin?tab=all&network=203.0.7.0%2F24' },
  { name: 'a language', path: '/admin?tab=all&language=de' },
  { name: 'a rare language and domain', path: '/admin?tab=decided&language=de&domain=rare.test' },
  { name: 'marked, where nothing is', path: '/admin?tab=all&marked=yes' },
  { name: 'one moderator', path: '/admin?tab=decided&moderator=moderator' },
  { name: 'some days', path: '/admin?tab=all&from=2025-01-01&to=2025-03-01' },
  { name: 'names that look alike', path: '/admin?tab=all&name=person7' },
  { name: 'a request', path: '/admin/registrations/r-7' },
  { name: 'a decided one', path: '/admin/registrations/r-900?tab=decided' },
]

/** The pages of the desk with a million registrations, against those with a thousand, in turn. */
export async function desk(): Promise<void> {
  const many = Number(process.env.ROWS ?? 1_000_000)
  const sites = [await filled(FEW), await filled(many)] as const
  const visitors = await Promise.all(sites.map(signedIn))
  console.log(`The desk with ${FEW} registrations and with ${many}: ms over ${ROUNDS} rounds, p50 and p95`)
  console.log(
    `${''.padEnd(32)}  ${String(FEW).padStart(7)} p50   p95  ${String(many).padStart(8)} p50   p95  ratio of p95`,
  )
  for (const { name, path, more = 0 } of PAGES) {
    const times: number[][] = [[], []]
    const paths = await Promise.all(visitors.map((visitor) => walk(visitor, path, more)))
    for (let round = -5; round < ROUNDS; round++)
      for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const begun = performance.now()
        const answer = await visitors[at]?.get(paths[at] ?? '')
        if (answer?.status !== 200) throw new Error(`${path} answered ${answer?.status}`)
        if (round >= 0) times[at]?.push(performance.now() - begun)
      }
    const [few, lots] = times
      .map((one) => one.sort((a, b) => a - b))
      .map((one) => ({ p50: quantile(one, 0.5), p95: quantile(one, 0.95) }))
    if (few === undefined || lots === undefined) continue
    const figures = [few.p50, few.p95, lots.p50, lots.p95].map((ms) => ms.toFixed(1).padStart(7))
    console.log(
      `${name.padEnd(32)}  ${figures.slice(0, 2).join(' ')}  ${figures.slice(2).join(' ')}   ${(lots.p95 / few.p95).toFixed(2)}`,
    )
  }
  for (const site of sites) await site.stop()
}

const quantile = (sorted: number[], part: number): number =>
  sorted[Math.floor(sorted.length * part)] ?? Number.NaN

async function walk(visitor: ReturnType<typeof aVisitor>, path: string, more: number): Promise<string> {
  let at = path
  for (let page = 0; page < more; page++) {
    const { body } = await visitor.get(at)
    const next = /rel="next" href="([^"]+)"/.exec(body) ?? /href="([^"]+)"[^>]*rel="next"/.exec(body)
    if (next?.[1] === undefined) throw new Error(`${at} has no next page`)
    at = next[1].replaceAll('&amp;', '&')
  }
  return at
}

async function signedIn(site: Site) {
  const visitor = aVisitor(site.url, new Agent({ keepAlive: true }))
  await visitor.submit(await visitor.get('/admin/login'), MODERATOR)
  return visitor
}

/** A site whose database has so many registrations: a hundred wait, thirty are in trouble, the rest is decided. */
async function filled(rows: number): Promise<Site> {
  const site = await startSite()
  const client = createClient({ url: `file:${join(site.folder, 'registration.db')}`, timeout: 60_000 })
  const moderator = '(select id from moderators limit 1)'
  const begun = performance.now()
  for (let from = 0; from < rows; from += 50_000)
    await client.executeMultiple(`
      with recursive n(i) as (select ${from} union all select i + 1 from n where i + 1 < ${Math.min(rows, from + 50_000)})
      insert into registrations (id, version, state, username, holds_name, email, language, client_address, reason, silent,
        decided_by, started_at, state_since, seq, domain, network, address_key, name_key)
      select 'r-' || i, 3, case when i % ${rows / 100} = 7 then 'requested' when i % 3 = 0 then 'denied' else 'completed' end,
        'person-' || i || 'x', 0, 'person.' || i || '@' || d, case when i % 5 = 0 then 'de' else 'en' end, '203.0.' || (i % 15) || '.' || (i % 199),
        case i % 3 when 0 then 'I know two people from the repair café who are on your server, and number ' || i
          when 1 then 'Ich suche einen Server, der nicht von einem Konzern betrieben wird: ' || i
          else 'We offer best services for your website ranking on this server ' || i end, 0,
        case when i % ${rows / 100} = 7 then null else ${moderator} end, 1735689600000 + i * 30000000000 / ${rows}, 1735689600000 + i * 30000000000 / ${rows}, i + 1, d,
        '203.0.' || (i % 15) || '.0/24', 'person.' || i || '@' || d, 'person' || (i % ${rows / 20})
      from (select i, case when i % 100 = 0 then 'rare.test' when i % 3 = 0 then 'posteo.example' else 'mail.test' end as d from n)`)
  await client.executeMultiple(`
    insert into jobs (id, lane, registration_id, kind, payload, state, error, run_at, created_at)
      select 'j-' || id, id, id, 'open_account', '{}', 'failed', 'The homeserver refuses', 0, 0 from registrations
      where state = 'completed' limit 30;
    insert into events (registration_id, at, kind, actor) select id, started_at, 'started', 'applicant' from registrations;
    insert into events (registration_id, at, kind, actor, moderator_id) select id, state_since, 'denied', 'moderator', decided_by
      from registrations where state = 'denied'`)
  client.close()
  console.log(`${rows} registrations were written in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  return site
}
