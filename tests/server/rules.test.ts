import { LibsqlError } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RuleEffect, RuleForm, RuleSubject } from '$lib/moderation/rule'
import { findEvents } from '$lib/server/database/events'
import { events, registrations, rules } from '$lib/server/database/schema'
import { eq } from 'drizzle-orm'
import { codeOf } from '../support/code-of'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  requested,
  tokenIn,
  verified,
  PASSWORD,
  REASON,
} from '../support/world'
import type { TestWorld } from '../support/world'
import { DAY, SECOND } from '$lib/registration/time'

let world: TestWorld
let administrator: Awaited<ReturnType<typeof aModerator>>
beforeEach(async () => {
  const { registration } = aConfig()
  world = await aWorld({ registration: { ...registration, reservedUsernames: ['admin', 'keeper'] } })
  administrator = await aModerator(world.services, 'ada', 'administrator')
})
afterEach(() => world.dispose())

const plain = { reason: '', days: null, deny: [], message: '', category: null, silent: false }
/** A domain that is blocked. */
const spam = {
  ...plain,
  subject: 'domain',
  form: 'exact',
  value: 'spam.example',
  effect: 'block',
} as const
const add = (
  subject: RuleSubject,
  form: RuleForm,
  value: string,
  effect: RuleEffect = 'block',
  more: { days?: 1 | 7 | 30 } = {},
) => administrator.api.rules.add({ ...plain, subject, form, value, effect, ...more })

let tried = 0
/** What somebody hears who begins with this address, from this network. */
const start = (email: string, clientAddress = '203.0.113.7', username = `tries${++tried}`) =>
  codeOf(aBrowser(world.services, { clientAddress }).api.registration.start({ username, email }))
const hitsOf = async (id: string) =>
  (await world.database.read((reader) => reader.select().from(rules).where(eq(rules.id, id))))[0]

describe('a domain that is blocked', () => {
  test.each(['spam.example', 'Spam.Example.', '*.spam.example', '@SPAM.example'])(
    'as %s is the same rule, and no way to write an address slips by',
    async (value) => {
      expect((await add('domain', 'exact', value)).rule.value).toBe('spam.example')
      for (const email of [
        'a@spam.example',
        'A@Spam.EXAMPLE',
        'a@sub.spam.example',
        'a@spam.example.',
        'a@ｓｐａｍ.example',
      ])
        expect(await start(email), email).toBe('email_blocked')
      for (const email of ['a@notspam.example', 'a@spam.example.test', 'spam.example@mail.test'])
        expect(await start(email), email).toBe('done')
    },
  )

  test('is blocked in Unicode and in ASCII', async () => {
    expect((await add('domain', 'exact', 'Bücher.example')).rule.value).toBe('xn--bcher-kva.example')
    expect(await start('a@BÜCHER.example')).toBe('email_blocked')
    expect(await start('a@mail.xn--bcher-kva.example')).toBe('email_blocked')
  })
})

test('an address is blocked in all spellings of its mailbox, and a pattern looks at the whole of it', async () => {
  await add('email', 'exact', 'Some.One+tag@googlemail.com')
  expect(await start('someone@gmail.com')).toBe('email_blocked')
  expect(await start('s.o.m.e.o.n.e+x@gmail.com')).toBe('email_blocked')
  expect(await start('someone.else@gmail.com')).toBe('done')
  await add('email', 'pattern', 'seo-.*@mail\\.test')
  expect(await start('SEO-expert@mail.test')).toBe('email_blocked')
  expect(await start('my-seo-expert@mail.test')).toBe('done')
})

test('a network is blocked for IPv4 in an IPv6 coat and for IPv6 in all spellings', async () => {
  expect((await add('network', 'exact', '203.0.113.77/24')).rule.value).toBe('203.0.113.0/24')
  expect((await add('network', 'exact', '2001:DB8:0::1/32')).rule.value).toBe('2001:db8::/32')
  for (const address of [
    '203.0.113.9',
    '::ffff:203.0.113.9',
    '::ffff:cb00:7109',
    '2001:db8:1:2::3',
    '2001:0db8:ffff::',
  ])
    expect(await start('a@mail.test', address), address).toBe('network_blocked')
  for (const address of ['203.0.114.9', '2001:db9::1', '::203.0.113.9'])
    expect(await start('a@mail.test', address), address).toBe('done')
})

test('names are blocked by themselves, by a pattern and by their look', async () => {
  await add('username', 'exact', '@Support:example.test')
  await add('username', 'pattern', 'seo.*')
  await add('username', 'look', 'moderator')
  for (const name of ['support', 'Seo-expert', 'm0derat0r', 'mod.erator'])
    expect(await start('a@mail.test', '203.0.113.7', name), name).toBe('username_reserved')
  expect(await start('a@mail.test', '203.0.113.7', 'my-seo')).toBe('done')
})

describe('an address of a service for throwaway mail', () => {
  const withList = async (disposableEmails: 'hold' | 'block') => {
    await world.dispose()
    world = await aWorld({ registration: { ...aConfig().registration, disposableEmails } })
    administrator = await aModerator(world.services, 'ada', 'administrator')
  }
  const addresses = ['a@mailinator.com', 'A@Mailinator.COM.', 'a@some.where.mailinator.com']
  const heldFor = async (email: string) => {
    const rows = await world.database.read((reader) =>
      reader.select({ heldFor: registrations.heldFor, email: registrations.email }).from(registrations),
    )
    return rows.find((row) => row.email === email)?.heldFor
  }

  test('is like others where nobody asked for the list', async () => {
    expect(await start('a@mailinator.com')).toBe('done')
    expect(await heldFor('a@mailinator.com')).not.toContain('disposable')
  })

  test('is refused in words of its own where it is blocked, unless a rule makes an exception', async () => {
    await withList('block')
    for (const email of addresses) expect(await start(email), email).toBe('email_disposable')
    expect(await start('a@mail.test')).toBe('done')
    await add('domain', 'exact', 'mailinator.com', 'allow')
    for (const email of addresses) expect(await start(email), email).toBe('done')
  })

  test('is marked where it is held, and moderators see why', async () => {
    await withList('hold')
    const { view } = await requested(world, 'river', 'river@mailinator.com')
    expect((await administrator.api.signals.about({ id: view.id })).heldFor).toContain('disposable')
    expect(await start('a@mail.test')).toBe('done')
    expect(await heldFor('a@mail.test')).not.toContain('disposable')
  })

  test('is told apart by those who try a value', async () => {
    await withList('hold')
    const { matches, decides } = await administrator.api.rules.test({ value: 'a@sub.mailinator.com' })
    expect(matches).toMatchObject([{ value: 'mailinator.com', effect: 'hold', disposable: true }])
    expect(decides).toMatchObject({ effect: 'hold' })
  })
})

describe('an exception', () => {
  test('wins over rules of the database and of the configuration, whatever was made first', async () => {
    await add('domain', 'exact', 'spam.example')
    await add('email', 'exact', 'good@spam.example', 'allow')
    await add('domain', 'exact', 'good.spam.example', 'allow')
    expect(await start('good+tag@spam.example')).toBe('done')
    expect(await start('anybody@good.spam.example')).toBe('done')
    expect(await start('other@spam.example')).toBe('email_blocked')
    expect(await start('a@mail.test', '203.0.113.7', 'keeper')).toBe('username_reserved')
    await add('username', 'exact', 'keeper', 'allow')
    expect(await start('a@mail.test', '203.0.113.7', 'keeper')).toBe('done')
  })

  test('of an address wins over its network, but one of a name does not: anybody can type a name', async () => {
    await add('network', 'exact', '198.51.100.0/24')
    await add('username', 'exact', 'friend', 'allow')
    expect(await start('a@mail.test', '198.51.100.1', 'friend')).toBe('network_blocked')
    await add('email', 'exact', 'a@mail.test', 'allow')
    expect(await start('a@mail.test', '198.51.100.1')).toBe('done')
  })
})

test('a rule counts until it runs out, and one without an end for ever', async () => {
  await add('domain', 'exact', 'day.example', 'block', { days: 1 })
  await add('domain', 'exact', 'ever.example')
  world.pass(DAY - 1)
  expect(await start('a@day.example')).toBe('email_blocked')
  world.pass(1)
  expect(await start('a@day.example')).toBe('done')
  world.pass(4000 * DAY)
  expect(await start('a@ever.example')).toBe('email_blocked')
})

test('refused submissions are counted, once each, and typing is not', async () => {
  const { rule } = await add('username', 'pattern', 'seo.*')
  const { api } = aBrowser(world.services)
  for (let letters = 3; letters < 6; letters++)
    await api.registration.checkUsername({ username: 'seoxx'.slice(0, letters) })
  expect(await hitsOf(rule.id)).toMatchObject({ hits: 0, lastHitAt: null })
  for (let time = 0; time < 3; time++) await start('a@mail.test', '203.0.113.7', 'seo')
  expect(await hitsOf(rule.id)).toMatchObject({ hits: 3, lastHitAt: world.now() })
})

test('a rule that one process makes or ends counts in another a second later', async () => {
  const other = world.another()
  const startThere = () =>
    codeOf(aBrowser(other).api.registration.start({ username: `there${++tried}`, email: 'a@spam.example' }))
  expect(await startThere()).toBe('done')
  const { rule } = await add('domain', 'exact', 'spam.example')
  expect(await start('a@spam.example')).toBe('email_blocked')
  world.pass(SECOND)
  expect(await startThere()).toBe('email_blocked')
  await administrator.api.rules.end({ id: rule.id })
  expect(await start('a@spam.example')).toBe('done')
  world.pass(SECOND)
  expect(await startThere()).toBe('done')
})

describe('a rule that holds', () => {
  const heldBy = async (id: string) =>
    (
      await world.database.read((reader) =>
        reader.select().from(registrations).where(eq(registrations.id, id)),
      )
    )[0]?.heldBy

  test('lets the request through, marked with the rule, and counts it once', async () => {
    const { rule } = await add('domain', 'exact', 'spam.example', 'hold')
    // Anybody can type a name, so an exception for one says nothing of the domain.
    await add('username', 'exact', 'river', 'allow')
    const { view } = await requested(world, 'river', 'river@sub.spam.example')
    expect(await heldBy(view.id)).toBe(rule.id)
    expect(await hitsOf(rule.id)).toMatchObject({ hits: 1 })
    expect((await administrator.api.signals.about({ id: view.id })).heldBy).toMatchObject({
      value: 'spam.example',
    })
    const { view: other } = await requested(world, 'brook', 'brook@mail.test')
    expect(await heldBy(other.id)).toBeNull()
  })

  test.each([
    [{ blockedEmails: ['.*@spam\\.example'] }, ['configuration']],
    [{ blockedNetworks: ['203.0.113.0/24'] }, ['configuration']],
    [{ blockedUsernames: ['riv.*'] }, ['configuration']],
    [{ disposableEmails: 'block' }, ['disposable']],
    [{ disposableEmails: 'hold' }, ['disposable']],
    [{ blockedEmails: ['.*@else\\.example'] }, []],
  ] as const)('and one of the configuration marks those who were on the way: %j', async (change, marks) => {
    const email = 'disposableEmails' in change ? 'river@mailinator.com' : 'river@spam.example'
    const { api } = aBrowser(world.services, { clientAddress: '203.0.113.7' })
    await api.registration.start({ username: 'river', email, proof: await aForm(world) })
    await world.drain()
    const token = tokenIn(world.mailbox.last(email, 'verification').link)
    // As after a restart with another configuration.
    const later = world.another({
      registration: { ...world.config.registration, ...structuredClone(change) },
    })
    const browser = aBrowser(later, { clientAddress: '203.0.113.7' })
    await browser.api.verification.confirm({ token })
    for (let time = 0; time < 2; time++)
      await browser.api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    const [row] = await world.database.read((reader) => reader.select().from(registrations))
    expect(row).toMatchObject({ state: 'requested', heldBy: null, heldFor: [...marks] })
  })

  test('and one that blocks refuses nobody who is on the way, but marks them', async () => {
    const applicant = await verified(world, 'river', 'river@spam.example')
    const { rule } = await add('domain', 'exact', 'spam.example')
    const view = await applicant.api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    expect(view.state).toBe('requested')
    expect(await heldBy(view.id)).toBe(rule.id)
  })
})

describe('blocking from a request', () => {
  test('shows who waits and matches, whom it would have hit, and denies those that were chosen', async () => {
    const moderator = await aModerator(world.services, 'mo')
    const spam = []
    for (const name of ['one', 'two', 'three'])
      spam.push((await requested(world, name, `${name}@spam.example`)).view)
    const { view: fine } = await requested(world, 'fine', 'fine@mail.test')
    const rule = { subject: 'domain', form: 'exact', value: 'Spam.Example', effect: 'block' } as const
    const reach = await moderator.api.rules.preview(rule)
    expect(reach.waiting).toMatchObject({ count: 3, looked: 4, more: false })
    expect(reach.waiting.some.map(({ id }) => id).sort()).toEqual(spam.map(({ id }) => id).sort())

    const [first, second] = reach.waiting.some
    await administrator.api.moderation.decide({
      id: second?.id ?? '',
      version: second?.version ?? 0,
      decision: 'approve',
      message: '',
      silent: false,
    })
    const deny = [...reach.waiting.some, { id: fine.id, version: 1 }].map(({ id, version }) => ({
      id,
      version,
    }))
    const from = spam[0]?.id ?? ''
    const answer = await moderator.api.rules.add({
      ...plain,
      ...rule,
      from,
      deny,
      message: 'No spam',
      category: 'spam',
    })
    expect(answer.denied).toBe(2)
    expect(answer.left).toEqual([
      {
        matrixId: second?.matrixId,
        refusal: expect.objectContaining({ code: 'already_decided', by: 'ada' }),
      },
      { matrixId: fine.matrixId, refusal: { code: 'rule_misses_request' } },
    ])
    const denied = await world.services.registrar.find(first?.id ?? '')
    expect(denied).toMatchObject({
      state: 'denied',
      message: 'No spam',
      category: 'spam',
      decidedBy: moderator.id,
    })
    expect((await world.services.registrar.find(fine.id))?.state).toBe('requested')
    expect((await moderator.api.rules.preview(rule)).approved.count).toBe(1)
    expect(await start('four@spam.example')).toBe('email_blocked')
  })

  test('tells of an outage between the rule and the denials what is done and what is left, which can be done later', async () => {
    const ids: string[] = []
    for (const name of ['one', 'two', 'three'])
      ids.push((await requested(world, name, `${name}@spam.example`)).view.id)
    const { registrar } = world.services
    const [one = '', two = '', three = ''] = ids
    const versions = await Promise.all(ids.map(async (id) => (await registrar.find(id))?.version ?? 0))
    const deny = [
      ...ids.map((id, index) => ({ id, version: versions[index] ?? 0 })),
      { id: 'gone', version: 1 },
    ]
    const act = registrar.act.bind(registrar)
    const acting = vi.spyOn(registrar, 'act').mockImplementation((id, ...rest) => {
      if (id !== one) throw new LibsqlError('The disk does not answer', 'SQLITE_IOERR')
      return act(id, ...rest)
    })
    const begun = await administrator.api.rules.add({ ...spam, deny })
    expect(acting).toHaveBeenCalledTimes(2)
    acting.mockRestore()
    const out = { code: 'database_unavailable' }
    expect(begun).toMatchObject({ isNew: true, denied: 1 })
    expect(begun.left).toEqual([
      { matrixId: '@two:example.test', refusal: out },
      { matrixId: '@three:example.test', refusal: out },
      { matrixId: null, refusal: out },
    ])
    expect(await start('four@spam.example')).toBe('email_blocked')

    expect(await codeOf(administrator.api.rules.add(spam))).toBe('rule_exists')
    const again = await administrator.api.rules.add({ ...spam, deny: deny.slice(1) })
    expect(again).toMatchObject({ rule: { id: begun.rule.id, author: 'ada' }, isNew: false, denied: 2 })
    expect(again.left).toEqual([{ matrixId: null, refusal: { code: 'not_found' } }])
    for (const id of [two, three]) expect((await registrar.find(id))?.state).toBe('denied')
    expect(await world.database.read((reader) => reader.select().from(rules))).toHaveLength(1)
  })

  test('leaves what is assigned to a colleague, and says to whom', async () => {
    const moderator = await aModerator(world.services, 'mo')
    for (const name of ['one', 'two', 'three']) await requested(world, name, `${name}@spam.example`)
    const { waiting } = await moderator.api.rules.preview(spam)
    const [theirs, own, free] = waiting.some.map(({ id }) => id)
    await administrator.api.conversation.take({ id: theirs ?? '', over: false })
    await moderator.api.conversation.take({ id: own ?? '', over: false })
    const versionOf = async (id = '') => (await world.services.registrar.find(id))?.version ?? 0
    const deny = [theirs, own, free].map(async (id = '') => ({ id, version: await versionOf(id) }))
    const added = await moderator.api.rules.add({ ...spam, from: own, deny: await Promise.all(deny) })
    expect(added.denied).toBe(2)
    expect(added.left).toMatchObject([{ refusal: { code: 'claimed', by: 'ada' } }])
    expect((await world.services.registrar.find(theirs ?? ''))?.state).toBe('requested')
  })

  test('takes a rule that matches the request, and no exception, from moderators', async () => {
    const moderator = await aModerator(world.services, 'mo')
    const { view } = await requested(world, 'river', 'river@spam.example')
    const by = moderator.api.rules
    expect(await codeOf(by.add(spam))).toBe('role_too_low')
    expect(await codeOf(by.add({ ...spam, effect: 'allow', from: view.id }))).toBe('role_too_low')
    expect(await codeOf(by.add({ ...spam, value: 'mail.test', from: view.id }))).toBe('rule_misses')
    expect(await codeOf(by.add({ ...spam, from: 'nobody' }))).toBe('not_found')
    const refused = await world.database.read((reader) =>
      reader.select().from(events).where(eq(events.kind, 'access_refused')),
    )
    expect(refused.map(({ detail }) => detail)).toEqual([{ path: 'rules.add' }, { path: 'rules.add' }])
    expect(await world.database.read((reader) => reader.select().from(rules))).toEqual([])
    expect((await by.add({ ...spam, from: view.id })).denied).toBe(0)
    expect(await codeOf(by.add({ ...spam, from: view.id }))).toBe('rule_exists')
  })
})

test('just the same rule is added once while it counts; another effect or form makes it another one', async () => {
  const { rule } = await add('username', 'exact', 'river')
  expect(await codeOf(add('username', 'exact', 'river'))).toBe('rule_exists')
  await add('username', 'exact', 'river', 'allow')
  await add('username', 'look', 'river')
  await administrator.api.rules.end({ id: rule.id })
  await add('username', 'exact', 'river')
})

test('moderators end their own rules, administrators all; the trail names the rule and not its value', async () => {
  const moderator = await aModerator(world.services, 'mo')
  const { view } = await requested(world, 'river', 'river@spam.example')
  const own = await moderator.api.rules.add({
    ...plain,
    subject: 'email',
    form: 'exact',
    value: view.email,
    effect: 'block',
    from: view.id,
  })
  const { rule } = await add('domain', 'exact', 'spam.example')
  expect(
    (await moderator.api.rules.list({ over: false })).items.map(({ id, mayEnd }) => ({ id, mayEnd })),
  ).toEqual(
    expect.arrayContaining([
      { id: own.rule.id, mayEnd: true },
      { id: rule.id, mayEnd: false },
    ]),
  )
  expect(await codeOf(moderator.api.rules.end({ id: rule.id }))).toBe('role_too_low')
  expect(await codeOf(moderator.api.rules.end({ id: 'nothing' }))).toBe('not_found')
  await moderator.api.rules.end({ id: own.rule.id })
  expect(await codeOf(moderator.api.rules.end({ id: own.rule.id }))).toBe('rule_over')
  await administrator.api.rules.end({ id: rule.id })
  expect((await moderator.api.rules.list({ over: false })).items).toEqual([])
  expect((await moderator.api.rules.list({ over: true })).items).toHaveLength(2)
  const trail = await world.database.read((reader) => reader.select().from(events))
  const kinds = trail.filter(({ kind }) => kind === 'rule_added' || kind === 'rule_ended')
  expect(kinds.map(({ kind, detail }) => [kind, detail?.['rule']])).toEqual([
    ['rule_added', own.rule.id],
    ['rule_added', rule.id],
    ['rule_ended', own.rule.id],
    ['rule_ended', rule.id],
  ])
  expect(JSON.stringify(trail)).not.toContain('spam.example')
  expect(await world.database.read((reader) => findEvents(reader, view.id))).not.toHaveLength(0)
})

test('what cannot be a rule is refused, and nothing is kept', async () => {
  for (const [subject, form, value] of [
    ['network', 'exact', '300.0.0.1'],
    ['network', 'exact', '203.0.113.0/33'],
    ['network', 'pattern', '203.*'],
    ['email', 'exact', 'nobody'],
    ['email', 'pattern', '(a'],
    ['email', 'pattern', '(?=a)b'],
    ['email', 'pattern', '(a?){1000}a{1000}'],
    ['domain', 'exact', 'a b'],
    ['domain', 'exact', ''],
    ['domain', 'look', 'spam.example'],
    ['username', 'exact', 'ä'],
    ['username', 'look', '---'],
    ['username', 'exact', 'a'.repeat(256)],
  ] as const)
    expect(await codeOf(add(subject, form, value)), value).toBe('rule_value_invalid')
  await expect(add('domain', 'exact', 'a'.repeat(1_000_000))).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  const long = { ...plain, subject: 'domain', form: 'exact', value: 'spam.example', effect: 'block' } as const
  expect(await codeOf(administrator.api.rules.add({ ...long, reason: 'a'.repeat(501) }))).toBe(
    'rule_reason_too_long',
  )
  expect(await world.database.read((reader) => reader.select().from(rules))).toEqual([])
})

test('a value that is tried tells which rules match, in which order, and what happens', async () => {
  await add('domain', 'exact', 'spam.example', 'hold')
  await add('email', 'exact', 'a@spam.example')
  expect(await administrator.api.rules.test({ value: ' A@Spam.example ' })).toMatchObject({
    matches: [
      { subject: 'email', effect: 'block' },
      { subject: 'domain', effect: 'hold' },
    ],
    decides: { subject: 'email', effect: 'block' },
  })
  await add('domain', 'exact', 'spam.example', 'allow')
  expect((await administrator.api.rules.test({ value: 'sub.spam.example' })).decides).toBeNull()
  expect((await administrator.api.rules.test({ value: 'admin' })).decides).toMatchObject({ id: null })
  expect(await administrator.api.rules.test({ value: '\u0000' })).toMatchObject({ readAs: 0, matches: [] })
})

test('of the rules that match a value, those can be ended that the one who tries may end', async () => {
  const moderator = await aModerator(world.services, 'mo')
  const { view } = await requested(world, 'river', 'river@spam.example')
  const theirs = { ...plain, subject: 'email', form: 'exact', value: view.email, effect: 'block' } as const
  const own = await moderator.api.rules.add({ ...theirs, from: view.id })
  const { rule } = await add('domain', 'exact', 'spam.example')
  const mayEnd = async ({ api }: Pick<typeof moderator, 'api'>, value: string) =>
    (await api.rules.test({ value })).matches.map(({ id, mayEnd }) => [id, mayEnd])
  expect(await mayEnd(moderator, view.email)).toEqual([
    [own.rule.id, true],
    [rule.id, false],
  ])
  expect(await mayEnd(administrator, view.email)).toEqual([
    [own.rule.id, true],
    [rule.id, true],
  ])
  // One of the configuration nobody ends here.
  expect(await mayEnd(administrator, 'keeper')).toEqual([[null, false]])
})

describe('a list of many rules', () => {
  const values = async (filter: Partial<Parameters<typeof administrator.api.rules.list>[0]>) =>
    (await administrator.api.rules.list({ over: false, ...filter })).items.map(({ value }) => value).sort()

  test('is filtered by kind, by effect, and by a text in value or reason, whatever signs it has', async () => {
    await add('domain', 'exact', 'spam.example')
    await add('domain', 'exact', 'good.example', 'allow')
    await add('username', 'exact', 'spam_er')
    await add('username', 'look', 'spammer')
    await administrator.api.rules.add({
      ...plain,
      subject: 'network',
      form: 'exact',
      value: '203.0.113.0/24',
      effect: 'hold',
      reason: '100% SPAM \\ from there',
    })
    expect(await values({ kind: 'domain' })).toEqual(['good.example', 'spam.example'])
    expect(await values({ kind: 'name' })).toEqual(['spam_er'])
    expect(await values({ kind: 'domain', effect: 'allow' })).toEqual(['good.example'])
    expect(await values({ q: 'Spam' })).toEqual(
      expect.arrayContaining(['203.0.113.0/24', 'spam.example', 'spam_er']),
    )
    for (const q of ['%', '0% s', '\\ from']) expect(await values({ q }), q).toEqual(['203.0.113.0/24'])
    expect(await values({ q: 'm_' })).toEqual(['spam_er'])
    expect(await values({ q: "'; drop table rules; --" })).toEqual([])
    expect(await values({ q: 'spam', over: true })).toEqual([])
  })

  test('comes page by page, each rule once, though thousands were made at one moment', async () => {
    const many = Array.from({ length: 250 }, (_, index) => ({
      id: `r-${index}`,
      subject: 'domain' as const,
      form: 'exact' as const,
      value: `spam${index}.example`,
      effect: index % 2 === 0 ? ('block' as const) : ('hold' as const),
      madeAt: world.now(),
    }))
    await world.database.write(async (tx) => void (await tx.insert(rules).values(many)))
    for (const [filter, count] of [
      [{}, 250],
      [{ effect: 'hold' }, 125],
    ] as const) {
      const seen: string[] = []
      for (let before: string | undefined; ;) {
        const page = await administrator.api.rules.list({ over: false, ...filter, ...(before && { before }) })
        expect(page.all).toBe(count)
        seen.push(...page.items.map(({ id }) => id))
        if (page.next === null) break
        before = page.next
      }
      expect([seen.length, new Set(seen).size]).toEqual([count, count])
    }
  })
})
