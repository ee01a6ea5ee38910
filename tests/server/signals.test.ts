import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EmailAddress } from '$lib/registration/email'
import { createBoundAddresses } from '$lib/server/moderation/email-owners'
import { findAlike, findNearReason, findSameReason, tallyOf } from '$lib/server/database/signals'
import { findShared } from '$lib/server/database/shared'
import { fillInFoundBy } from '$lib/server/database/search-index'
import type { Transaction } from '$lib/server/database/open'
import { insertRegistration } from '$lib/server/database/registrations'
import { reasonPrints, registrations } from '$lib/server/database/schema'
import * as schema from '$lib/server/database/schema'
import { HomeserverError, type Homeserver } from '$lib/server/homeserver/homeserver'
import { reasonSchema } from '$lib/registration/reason'
import type { State } from '$lib/registration/state'
import * as v from 'valibot'
import { codeOf } from '../support/code-of'
import { decideOnly } from '../support/decide'
import { aRegistration, email, username } from '../support/registration'
import { aBrowser, aConfig, aModerator, aWorld, requested, verified, type TestWorld } from '../support/world'
import { DAY, MINUTE } from '$lib/registration/time'

const SPAM =
  'We offer the best services for your website ranking and search results, please approve this request so that we can begin a cooperation for the mutual growth of our business, which many partners of ours already enjoy'

let world: TestWorld
afterEach(() => world.dispose())

let rows = 0
/** A registration as it would stand in the database. */
async function put(
  change: { name?: string; address?: string; state?: State; reason?: string; clientAddress?: string } = {},
  tx?: Transaction,
): Promise<string> {
  const id = `row${++rows}`
  const registration = aRegistration({
    id,
    username: username(change.name ?? `somebody.${rows}`),
    email: email(change.address ?? `somebody${rows}@mail${rows}.test`),
    state: change.state ?? 'denied',
    holdsName: false,
    reason: change.reason === undefined ? null : v.parse(reasonSchema, change.reason),
    clientAddress: change.clientAddress ?? `10.${rows >> 8}.${rows & 255}.1`,
  })
  if (tx === undefined) await world.database.write((own) => insertRegistration(own, registration))
  else await insertRegistration(tx, registration)
  return id
}
const about = async (id: string) => (await aModerator(world.services)).api.signals.about({ id })
const ids = ({ some }: { some: { id: string }[] }) => some.map(({ id }) => id).sort()

describe('what one wants to know', () => {
  beforeEach(async () => {
    world = await aWorld()
  })

  test('of somebody who shares nothing with anybody is quiet', async () => {
    const { view } = await requested(world, 'river', 'river@posteo.example')
    const nothing = { count: 0, more: false, some: [] }
    expect(await about(view.id)).toMatchObject({
      domain: { name: 'posteo.example', waiting: { count: 0 }, approved: 0, denied: 0 },
      network: { name: '203.0.113.0/24', waiting: { count: 0 }, approved: 0, denied: 0 },
      names: nothing,
      mailbox: nothing,
      reasons: nothing,
      bound: { known: true, owner: null },
      heldBy: null,
    })
  })

  test('counts those of the domain and of the network, without this one', async () => {
    const id = await put({ address: 'a@spam.example', clientAddress: '198.51.100.1', state: 'requested' })
    await put({ address: 'b@spam.example', state: 'requested' })
    await put({ address: 'c@spam.example', state: 'completed' })
    await put({ address: 'd@spam.example', state: 'approved' })
    await put({ address: 'e@spam.example' })
    await put({ address: 'f@sub.spam.example' })
    await put({ address: 'g@mail.test', clientAddress: '198.51.100.200' })
    await put({ address: 'h@mail2.test', clientAddress: '::ffff:198.51.100.3', state: 'requested' })
    await put({ address: 'i@mail3.test', clientAddress: '198.51.101.1' })
    expect(await about(id)).toMatchObject({
      domain: { waiting: { count: 1, more: false }, approved: 2, denied: 1, newest: null },
      network: { name: '198.51.100.0/24', waiting: { count: 1 }, approved: 0, denied: 1 },
    })
  })

  test('names those of the same mailbox, with a name that looks alike, and with nearly the same reason', async () => {
    const reason = SPAM
    const id = await put({ name: 'bill.gates', address: 'bill.g@gmail.com', reason, state: 'requested' })
    const mailbox = await put({ address: 'b.i.l.l.g+2@googlemail.com' })
    const look = await put({ name: 'bi11gates' })
    const same = await put({ reason: `${reason.toUpperCase()}!` })
    const near = await put({ reason: reason.replace('website', 'homepage') })
    await put({ reason: 'I repair radios at the café on Saturdays and my friends there are on your server' })
    const facts = await about(id)
    expect(facts.mailbox).toMatchObject({ key: 'billg@gmail.com', count: 1 })
    expect(ids(facts.mailbox)).toEqual([mailbox])
    expect(facts.names).toMatchObject({ count: 1 })
    expect(ids(facts.names)).toEqual([look])
    expect(facts.reasons).toMatchObject({ count: 2, more: false })
    expect(ids(facts.reasons)).toEqual([same, near].sort())
  })

  test('says in a list what a waiting one has in common with others, and of a decided one nothing', async () => {
    const from = (host: number) => `198.51.100.${host}`
    const names: Record<string, string> = {}
    const wait = async (name: string, change: Parameters<typeof put>[0]) =>
      (names[await put({ name, state: 'requested', ...change })] = name)
    await wait('bill.gates', { address: 'bill.g@gmail.com', reason: SPAM, clientAddress: from(1) })
    await wait('second', { clientAddress: from(2) })
    await wait('third', { clientAddress: from(3) })
    await wait('pair', { clientAddress: '192.0.2.1' })
    await wait('other.pair', { clientAddress: '192.0.2.2' })
    const near = SPAM.replace('website', 'homepage')
    await wait('alone', { reason: near })
    await put({ name: 'bi11gates', address: 'b.i.l.l.g+2@googlemail.com', reason: `${SPAM.toUpperCase()}!` })
    const { api } = await aModerator(world.services)
    const { items } = await api.moderation.queue({ tab: 'all' })
    const shared = items.map((item) => [names[item.id] ?? 'denied', item.shared])
    expect(Object.fromEntries(shared)).toEqual({
      'bill.gates': ['words', 'inbox', 'name', 'network'],
      second: ['network'],
      third: ['network'],
      pair: [],
      'other.pair': [],
      alone: [],
      denied: [],
    })
  })

  test('a reason that was typed and changed is found by what it says now', async () => {
    const id = await put({ reason: SPAM, state: 'requested' })
    const { view } = await verified(world, 'river')
    const keep = (text: string) => {
      const reason = v.parse(reasonSchema, text)
      return world.services.registrar.act(view.id, { type: 'keep_reason', reason }, { kind: 'applicant' })
    }
    await keep(SPAM)
    await keep(SPAM)
    expect((await about(id)).reasons.count).toBe(1)
    await keep('I repair radios at the café on Saturdays and my friends there are on your server')
    expect((await about(id)).reasons.count).toBe(0)
  })

  test('tells when each step was', async () => {
    const applicant = aBrowser(world.services)
    await applicant.api.registration.start({ username: 'river', email: 'river@mail.test' })
    const begun = world.now()
    world.pass(4 * MINUTE)
    const { link } = await (async () => {
      await world.drain()
      return world.mailbox.last('river@mail.test', 'verification')
    })()
    await applicant.api.verification.confirm({ token: link.split('/').at(-1) ?? '' })
    world.pass(3 * MINUTE)
    const form = { password: 'a pass phrase of some length', reason: SPAM, legal: true }
    const { id } = await applicant.api.registration.request(form)
    expect((await about(id)).steps).toEqual({
      begun,
      confirmed: begun + 4 * MINUTE,
      asked: begun + 7 * MINUTE,
      decided: null,
    })
  })

  test('tells no decision once it is undone', async () => {
    await world.dispose()
    world = await aWorld({ moderation: { ...aConfig().moderation, undoMs: MINUTE } })
    const { id } = (await requested(world, 'river')).view
    const api = await decideOnly(world, id, 'deny')
    expect((await about(id)).steps.decided).toBe(world.now())
    await api.moderation.undo({ id })
    expect((await about(id)).steps.decided).toBeNull()
    world.pass(MINUTE)
    await decideOnly(world, id, 'approve')
    expect((await about(id)).steps.decided).toBe(world.now())
  })

  test('is for moderators only, and of nobody there is nothing', async () => {
    expect(await codeOf(aBrowser(world.services).api.signals.about({ id: 'x' }))).toBe('not_signed_in')
    expect(await codeOf(about('nobody'))).toBe('not_found')
  })

  test('of rows from before there were fingerprints is filled in', async () => {
    const id = await put({ reason: SPAM })
    await put({ reason: SPAM })
    await world.database.write(async (tx) => {
      await tx.delete(reasonPrints)
      await tx.update(registrations).set({ nameKey: null, domain: null })
    })
    expect((await about(id)).reasons.count).toBe(0)
    await fillInFoundBy(world.database)
    expect((await about(id)).reasons.count).toBe(1)
  })
})

describe('whose an address is at the homeserver', () => {
  const outage = new HomeserverError('unreachable', 'no answer', { permanent: false, outage: true })
  let ask: Homeserver['addressOwner']
  let asked: EmailAddress[]
  beforeEach(async () => {
    asked = []
    ask = () => Promise.resolve(null)
    world = await aWorld({}, (homeserver) => ({
      ...homeserver,
      addressOwner: (address) => {
        asked.push(address)
        return ask(address)
      },
    }))
  })

  test('is told where it is another account’s, and the answer is remembered for a while', async () => {
    const id = await put({ address: 'a@mail.test', name: 'river', state: 'completed' })
    ask = () => Promise.resolve('@other:example.test')
    expect((await about(id)).bound).toEqual({ known: true, owner: '@other:example.test' })
    await about(id)
    expect(asked).toHaveLength(1)
    world.pass(6 * MINUTE)
    ask = () => Promise.resolve('@river:example.test')
    expect((await about(id)).bound).toEqual({ known: true, owner: null })
    expect(asked).toHaveLength(2)
  })

  test('is not known during an outage, and all the rest is', async () => {
    const id = await put({ address: 'a@mail.test' })
    ask = () => Promise.reject(outage)
    expect(await about(id)).toMatchObject({
      bound: { known: false, owner: null },
      domain: { name: 'mail.test' },
    })
    ask = () => Promise.resolve(null)
    world.pass(MINUTE)
    expect((await about(id)).bound.known).toBe(true)
  })

  test('is not waited for, and remembered when the answer comes', async () => {
    let answer: (owner: string) => void = () => undefined
    const late = new Promise<string>((resolve) => {
      answer = resolve
    })
    const addressOwner = () => {
      asked.push(email('a@mail.test'))
      return late
    }
    const bindingOf = createBoundAddresses({
      homeserver: { addressOwner },
      logFailure: () => true,
      clock: world.now,
      patienceMs: 5,
    })
    expect(await bindingOf(email('a@mail.test'))).toEqual({ known: false })
    answer('@other:example.test')
    await late
    expect(await bindingOf(email('a@mail.test'))).toEqual({ known: true, owner: '@other:example.test' })
    expect(asked).toHaveLength(1)
  })

  test('a bug there is not taken for an outage', async () => {
    const id = await put()
    ask = () => Promise.reject(new TypeError('a bug'))
    await expect(about(id)).rejects.toThrow('a bug')
  })
})

describe('of fifty thousand who share everything', () => {
  const MANY = 50_000

  test('no more than a thousand are counted, and of two hundred is looked at what became of them, and no table is read through', async () => {
    world = await aWorld()
    const id = await put({
      name: 'bill',
      address: 'bill@gmail.com',
      reason: SPAM,
      clientAddress: '198.51.100.1',
    })
    const client = createClient({ url: world.url })
    const columns = `version, username, holds_name, email, language, client_address, reason, silent, started_at, exchange, domain, network, address_key, name_key`
    await client.execute(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${MANY})
      insert into registrations (id, seq, state, state_since, ${columns})
      select 'many' || i, 100000 + i, case i % 3 when 0 then 'requested' when 1 then 'denied' else 'completed' end,
        i, 1, 'bill' || i, 0, 'bill+' || i || '@gmail.com', 'en', '198.51.100.2', reason, 0, 0, 'none',
        domain, network, address_key, name_key from n, registrations where id = '${id}'`)
    await client.execute(`insert into reason_prints (registration_id, print)
      select m.id, p.print from registrations m, reason_prints p where p.registration_id = '${id}' and m.id <> '${id}'`)
    await client.execute(`delete from reason_prints where print like '=%' and registration_id in
      (select id from registrations where state = 'completed')`)

    const queries: { sql: string; args: unknown[] }[] = []
    const logger = { logQuery: (sql: string, args: unknown[]) => void queries.push({ sql, args }) }
    const reader = drizzle(client, { schema, logger })
    const thousand = { count: 1000, more: true }
    for (const by of [{ domain: 'gmail.com' }, { network: '198.51.100.0/24' }]) {
      const tally = await tallyOf(reader, by, id)
      expect(tally).toMatchObject({ waiting: thousand, newest: 200 })
      expect(tally.approved + tally.denied).toBe(200)
      expect(tally.approved).toBeGreaterThan(80)
    }
    for (const by of [{ addressKey: 'bill@gmail.com' }, { nameKey: 'blll' }])
      expect(await findAlike(reader, by, id, 5)).toMatchObject({ ...thousand, some: { length: 5 } })
    expect(await findSameReason(reader, id, 5)).toMatchObject({ ...thousand, some: { length: 5 } })
    const near = await findNearReason(reader, id)
    expect(near.found.length).toBeLessThanOrEqual(200)
    expect(await findShared(reader, [id, 'many3', 'many6'])).toEqual(
      new Map(['many3', 'many6'].map((one) => [one, ['words', 'inbox', 'name', 'network']])),
    )

    expect(queries.length).toBeGreaterThan(10)
    for (const { sql, args } of queries) {
      const plan = await client.execute({ sql: `explain query plan ${sql}`, args: args.map(String) })
      const details = plan.rows.map(({ detail }) => String(detail))
      expect(
        details.filter((line) => /^SCAN (registrations|reason_prints|r|o|own)\b/.test(line)),
        sql,
      ).toEqual([])
      expect(details.join('\n'), sql).toMatch(/USING (COVERING )?INDEX/)
      expect(sql).toContain('limit')
    }
    client.close()
    world.pass(DAY)
  })
})
