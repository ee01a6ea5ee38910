import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { m } from '$lib/paraglide/messages'
import { codeOf } from '../support/code-of'
import { tableText } from '../support/table-text'
import {
  aBrowser,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'
import { email, username } from '../support/registration'
import { DAY } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const decision = (
  id: string,
  version: number,
  verdict: 'approve' | 'deny',
  message = '',
  silent = false,
) => ({
  id,
  version,
  decision: verdict,
  message,
  silent,
})

describe('the way of a registration', () => {
  test('from a name to an open account: locked until the approval, open after it, every step told', async () => {
    const applicant = await requested(world, 'river')
    expect(applicant.view).toMatchObject({ state: 'requested', account: 'filled' })
    expect(await world.homeserver.account(username('river'))).toMatchObject({
      locked: true,
      deactivated: false,
    })
    expect(world.mailbox.kinds('moderators@example.test')).toEqual(['moderators_waiting'])

    const moderator = await aModerator(world.services)
    const seen = await moderator.api.moderation.registration({ id: applicant.view.id })
    await moderator.api.moderation.decide(decision(seen.id, seen.version, 'approve', 'Welcome!'))
    await world.drain()

    expect(await world.homeserver.account(username('river'))).toMatchObject({
      locked: false,
      addresses: ['river@mail.test'],
    })
    // What the page says that asks for the address.
    expect(m.wizard_email_lead()).toContain('added to your account')
    expect(m.wizard_email_lead()).not.toMatch(/nothing else|other people can’t see/)
    expect(world.mailbox.kinds(applicant.email)).toEqual(['verification', 'requested', 'approved'])
    expect(world.mailbox.last(applicant.email, 'approved').message).toBe('Welcome!')
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'completed', account: 'open' })
    const after = await moderator.api.moderation.registration({ id: seen.id })
    expect(after.jobs.every((job) => job.state === 'done')).toBe(true)
    expect(after.events.map((event) => event.kind)).toEqual(
      expect.arrayContaining([
        'started',
        'verified',
        'account_claimed',
        'account_locked',
        'account_filled',
        'requested',
        'approved',
        'account_opened',
      ]),
    )
  })

  test('a denial removes the account, says so, and gives the name back to the next', async () => {
    const applicant = await requested(world, 'river')
    const moderator = await aModerator(world.services)
    await moderator.api.moderation.decide(
      decision(applicant.view.id, await versionOf(applicant.view.id), 'deny', 'Not here'),
    )
    await world.drain()
    expect(await world.homeserver.account(username('river'))).toMatchObject({ deactivated: true })
    expect(world.mailbox.last(applicant.email, 'denied').message).toBe('Not here')

    const next = await requested(world, 'river', 'other@mail.test')
    expect(next.view).toMatchObject({ state: 'requested', account: 'filled' })
    expect(await world.homeserver.account(username('river'))).toMatchObject({
      locked: true,
      deactivated: false,
    })
  })

  test('a silent decision writes to nobody', async () => {
    const applicant = await requested(world, 'river')
    const before = world.mailbox.kinds(applicant.email).length
    const moderator = await aModerator(world.services)
    await moderator.api.moderation.decide(
      decision(applicant.view.id, await versionOf(applicant.view.id), 'approve', '', true),
    )
    await world.drain()
    expect(world.mailbox.kinds(applicant.email)).toHaveLength(before)
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'completed' })
  })

  test('the password is nowhere but in the homeserver', async () => {
    const applicant = await requested(world, 'river')
    expect(applicant.view.state).toBe('requested')
    const { createClient } = await import('@libsql/client')
    const client = createClient({ url: world.url, intMode: 'bigint' })
    const tables = (await client.execute("select name from sqlite_master where type = 'table'")).rows
    for (const { name } of tables) {
      expect(await tableText(client, String(name))).not.toContain(PASSWORD)
    }
    client.close()
  })

  test('links and cookies are in the database as hashes alone', async () => {
    const applicant = await verified(world, 'river')
    const secrets = [
      tokenIn(world.mailbox.last(applicant.email, 'verification').link),
      ...applicant.jar.values(),
    ]
    const { createClient } = await import('@libsql/client')
    const client = createClient({ url: world.url })
    const rows = JSON.stringify([
      (await client.execute('select * from tokens')).rows,
      (await client.execute('select * from jobs')).rows,
    ])
    client.close()
    expect(secrets).toHaveLength(2)
    for (const secret of secrets) expect(rows).not.toContain(secret)
  })
})

describe('two at once', () => {
  test('of fifty who confirm one name, one holds it and the others pick another', async () => {
    const browsers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const browser = aBrowser(world.services, { clientAddress: `10.0.${index}.1` })
        await browser.api.registration.start({ username: 'wanted', email: `p${index}@mail.test` })
        return { ...browser, email: `p${index}@mail.test` }
      }),
    )
    await world.drain()
    const views = await Promise.all(
      browsers.map(({ api, email }) =>
        api.verification.confirm({ token: tokenIn(world.mailbox.last(email, 'verification').link) }),
      ),
    )
    expect(views.filter((view) => view.holdsName)).toHaveLength(1)
    const loser = browsers[views.findIndex((view) => !view.holdsName)]
    expect(
      await codeOf(loser?.api.registration.chooseUsername({ username: 'wanted' }) ?? Promise.resolve()),
    ).toBe('username_taken')
    expect(await loser?.api.registration.chooseUsername({ username: 'another' })).toMatchObject({
      holdsName: true,
      username: 'another',
    })
  })

  test('of twenty moderators one decides; the others hear who and what', async () => {
    const applicant = await requested(world, 'river')
    const version = await versionOf(applicant.view.id)
    const moderators = await Promise.all(Array.from({ length: 20 }, () => aModerator(world.services)))
    const codes = await Promise.all(
      moderators.map(({ api }, index) =>
        codeOf(
          api.moderation.decide(decision(applicant.view.id, version, index % 2 === 0 ? 'approve' : 'deny')),
        ),
      ),
    )
    expect(codes.filter((code) => code === 'done')).toHaveLength(1)
    expect(codes.filter((code) => code === 'already_decided')).toHaveLength(19)
    await world.drain()
    const decisions = world.mailbox
      .kinds(applicant.email)
      .filter((kind) => kind === 'approved' || kind === 'denied')
    expect(decisions).toHaveLength(1)
  })

  test('the same form ten times makes one account and one request', async () => {
    const applicant = await verified(world, 'river')
    const form = { password: PASSWORD, reason: REASON, legal: true }
    const codes = await Promise.all(
      Array.from({ length: 10 }, () => codeOf(applicant.api.registration.request(form))),
    )
    expect(new Set(codes)).toEqual(new Set(['done']))
    await world.drain()
    expect(world.mailbox.kinds(applicant.email).filter((kind) => kind === 'requested')).toHaveLength(1)
  })

  test('a decision on a page that is out of date is refused, and nothing is changed', async () => {
    const applicant = await requested(world, 'river')
    const moderator = await aModerator(world.services)
    const version = await versionOf(applicant.view.id)
    expect(
      await codeOf(moderator.api.moderation.decide(decision(applicant.view.id, version - 1, 'approve'))),
    ).toBe('stale')
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'requested' })
  })

  test('the same address started twice is one registration, and each link confirms its own name', async () => {
    const browser = aBrowser(world.services)
    await browser.api.registration.start({ username: 'mine', email: 'a@mail.test' })
    await world.drain()
    const { link } = world.mailbox.last('a@mail.test', 'verification')
    await aBrowser(world.services).api.registration.start({ username: 'theirs', email: 'A@Mail.test' })
    await world.drain()
    expect(await browser.api.verification.confirm({ token: tokenIn(link) })).toMatchObject({
      username: 'mine',
    })
    const moderator = await aModerator(world.services)
    expect((await moderator.api.moderation.queue({ tab: 'all' })).items).toHaveLength(1)
  })
})

describe('nobody else is touched', () => {
  test('an account that appears between the check and the claim is left as it is', async () => {
    const applicant = await verified(world, 'river')
    await asAdmin(world, 'PUT', '@river:example.test', { password: 'somebody elses password' })
    const form = { password: PASSWORD, reason: REASON, legal: true }
    expect(await codeOf(applicant.api.registration.request(form))).toBe('username_lost')
    expect(await world.homeserver.account(username('river'))).toMatchObject({ locked: false })
    expect(await signInToMatrix(world, 'river', 'somebody elses password')).toBe('in')
    expect(await applicant.api.registration.current()).toMatchObject({ holdsName: false, reason: REASON })
    await applicant.api.registration.chooseUsername({ username: 'stone' })
    expect(await applicant.api.registration.request(form)).toMatchObject({
      state: 'requested',
      username: 'stone',
    })
  })

  test('an address that belongs to another account stays there, and the moderator sees whose it is', async () => {
    await world.homeserver.claim(username('owner'))
    await world.homeserver.bindAddress(username('owner'), email('shared@mail.test'))
    const applicant = (await requested(world, 'river', 'shared@mail.test')).view.id
    const moderator = await aModerator(world.services)
    await moderator.api.moderation.decide(decision(applicant, await versionOf(applicant), 'approve'))
    await world.drain()
    expect(await world.homeserver.account(username('owner'))).toMatchObject({
      addresses: ['shared@mail.test'],
    })
    const view = await moderator.api.moderation.registration({ id: applicant })
    const bind = view.jobs.find((job) => job.kind === 'bind_address')
    expect(bind).toMatchObject({ state: 'failed' })
    expect(bind?.error).toContain('@owner:example.test')
    expect(view.trouble).toBe(true)
  })

  test('names of the ledger are asked there first: an account made here and removed is free again', async () => {
    const applicant = await requested(world, 'river')
    await applicant.api.registration.withdraw({})
    await world.drain()
    const answer = await aBrowser(world.services).api.registration.checkUsername({ username: 'river' })
    expect(answer).toMatchObject({ ok: true })
    expect(await world.homeserver.nameAnswer(username('river'))).toBe('taken')
  })

  test('an open account’s name is never given out again', async () => {
    const applicant = await requested(world, 'river')
    const moderator = await aModerator(world.services)
    await moderator.api.moderation.decide(
      decision(applicant.view.id, await versionOf(applicant.view.id), 'approve'),
    )
    await world.drain()
    world.pass(40 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    await world.homeserver.remove(username('river'))
    const answer = await aBrowser(world.services).api.registration.checkUsername({ username: 'river' })
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'username_taken' } })
  })
})

async function versionOf(id: string): Promise<number> {
  return (await world.services.registrar.find(id))?.version ?? -1
}
