import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { m } from '$lib/paraglide/messages'
import { createRegistrations } from '$lib/server/registrations/registrations'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import { username } from '../support/registration'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'
import { DAY } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const QUESTION = 'Whom do you know here?\n\nAnd since when?'
const kindsOf = async (id: string) => {
  const { api } = await aModerator(world.services)
  return (await api.moderation.registration({ id })).events.map(({ kind }) => kind)
}

describe('a question to the applicant', () => {
  test('goes by mail, is answered behind its link in any browser, and is all on the page', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services, 'mira')
    await api.conversation.ask({ id, text: `  ${QUESTION.replaceAll('\n', '\r\n')} ` })
    await world.drain()
    const mail = world.mailbox.last(river.email, 'question')
    expect(mail).toMatchObject({ question: QUESTION, matrixId: '@river:example.test' })
    expect(await api.conversation.thread({ id })).toMatchObject({ exchange: 'asked' })

    const elsewhere = aBrowser(world.services)
    const token = tokenIn(mail.link)
    expect(await elsewhere.api.registration.status({ token })).toMatchObject({
      asked: true,
      talk: [{ from: 'moderators', text: QUESTION }],
    })
    world.pass(DAY)
    await elsewhere.api.registration.answer({ token, text: 'My sister' })
    expect(await river.api.registration.current()).toMatchObject({ asked: false, state: 'requested' })
    expect((await api.conversation.thread({ id })).exchanges).toMatchObject([
      { author: 'moderator', moderator: 'mira', text: QUESTION },
      { author: 'applicant', moderator: null, text: 'My sister' },
    ])
  })

  test('names no moderator to the applicant', async () => {
    const river = await requested(world, 'river')
    const { api } = await aModerator(world.services, 'mira')
    await api.conversation.ask({ id: river.view.id, text: QUESTION })
    await api.conversation.note({ id: river.view.id, text: 'looks like a bot to me' })
    const own = JSON.stringify(await river.api.registration.current())
    expect(own).not.toContain('mira')
    expect(own).not.toContain('bot')
  })

  test('several rounds keep their order; the moderators are told of each answer, and the age stays', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services)
    const since = (await api.moderation.registration({ id })).stateSince
    for (const round of [1, 2]) {
      world.pass(DAY)
      await api.conversation.ask({ id, text: `Question ${round}` })
      await world.drain()
      const told = world.mailbox.kinds('moderators@example.test').length
      await river.api.registration.answer({ text: `Answer ${round}` })
      await world.drain()
      expect(world.mailbox.kinds('moderators@example.test')).toHaveLength(told + 1)
      expect(world.mailbox.last('moderators@example.test', 'moderators_waiting')).toMatchObject({
        requests: [{ matrixId: '@river:example.test' }],
      })
    }
    const { exchanges } = await api.conversation.thread({ id })
    expect(exchanges.map(({ text }) => text)).toEqual(['Question 1', 'Answer 1', 'Question 2', 'Answer 2'])
    expect((await api.moderation.registration({ id })).stateSince).toBe(since)
  })

  test('is the applicant’s turn: moderators are reminded only once it is answered', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services)
    await api.conversation.ask({ id, text: QUESTION })
    await world.drain()
    const told = () => world.mailbox.kinds('moderators@example.test').length
    const before = told()
    world.pass(10 * DAY)
    await world.services.scheduler.remind()
    await world.drain()
    expect(told()).toBe(before)
    await river.api.registration.answer({ text: 'My sister' })
    await world.drain()
    expect(told()).toBe(before + 1)
    world.pass(DAY)
    await world.services.scheduler.remind()
    await world.drain()
    expect(told()).toBe(before + 2)
  })

  test('goes with the registration, and so do the answer and the notes', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services)
    await api.conversation.ask({ id, text: QUESTION })
    await river.api.registration.answer({ text: 'My sister' })
    await api.conversation.note({ id, text: 'Hm' })
    await decideOn(world, id, 'deny')
    const count = async (table: string) =>
      (
        await world.database.read((reader) => reader.all<{ n: number }>(`select count(*) as n from ${table}`))
      )[0]?.n
    expect([await count('exchanges'), await count('notes')]).toEqual([2, 1])
    world.pass(31 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect([await count('exchanges'), await count('notes')]).toEqual([0, 0])
  })

  test('sent twice is one question, and one answer; answered, its mail is not sent any more', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services)
    for (const _ of [1, 2]) await api.conversation.ask({ id, text: QUESTION })
    for (const _ of [1, 2]) await river.api.registration.answer({ text: 'My sister' })
    expect((await api.conversation.thread({ id })).exchanges).toHaveLength(2)
    await world.drain()
    expect(world.mailbox.kinds(river.email).filter((kind) => kind === 'question')).toEqual([])
  })

  test('is asked again later, as a reminder, and by a colleague at once', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const mira = await aModerator(world.services, 'mira')
    const tom = await aModerator(world.services, 'tom')
    const questions = () => world.mailbox.kinds(river.email).filter((kind) => kind === 'question').length
    await mira.api.conversation.ask({ id, text: QUESTION })
    await world.drain()
    world.pass(59_999)
    await mira.api.conversation.ask({ id, text: QUESTION })
    await world.drain()
    expect(questions()).toBe(1)
    world.pass(1)
    await mira.api.conversation.ask({ id, text: QUESTION })
    await world.drain()
    expect(questions()).toBe(2)
    await tom.api.conversation.ask({ id, text: QUESTION })
    await world.drain()
    expect(questions()).toBe(3)
    expect((await mira.api.conversation.thread({ id })).exchanges.map(({ moderator }) => moderator)).toEqual([
      'mira',
      'mira',
      'tom',
    ])
    expect((await kindsOf(id)).filter((kind) => kind === 'asked')).toHaveLength(3)
    world.pass(DAY)
    await decideOnly(world, id, 'deny')
    expect(await codeOf(tom.api.conversation.ask({ id, text: QUESTION }))).toBe('wrong_state')
  })

  test('is stale news to who decides at once, and lives through a decision that is taken back', async () => {
    await world.dispose()
    const moderation = { ...aConfig().moderation, undoMs: 20_000 }
    world = await aWorld({ moderation })
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api, id: moderator } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id })
    await api.conversation.ask({ id, text: QUESTION })
    expect(
      await codeOf(api.moderation.decide({ id, version, decision: 'deny', message: '', silent: true })),
    ).toBe('stale')
    await api.moderation.decide({ id, version: version + 1, decision: 'deny', message: '', silent: true })
    expect(await river.api.registration.current()).toMatchObject({ asked: true, state: 'requested' })
    await world.drain()
    expect(world.mailbox.kinds(river.email)).toContain('question')
    await world.services.registrar.undo(id, { kind: 'moderator', id: moderator })
    expect(await river.api.registration.current()).toMatchObject({ asked: true })
  })

  test('wrong words, wrong time, wrong place: refused, and nothing is changed', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services)
    expect(await codeOf(river.api.registration.answer({ text: 'Unasked' }))).toBe('nothing_asked')
    expect(await codeOf(api.conversation.ask({ id, text: ' \u200b\n ' }))).toBe('text_missing')
    expect(await codeOf(api.conversation.ask({ id, text: 'x'.repeat(4001) }))).toBe('text_too_long')
    expect(await codeOf(api.conversation.ask({ id: 'forged', text: 'Hello' }))).toBe('not_found')
    expect(await codeOf(aBrowser(world.services).api.conversation.ask({ id, text: 'Hello' }))).toBe(
      'not_signed_in',
    )
    expect(await codeOf(aBrowser(world.services).api.registration.answer({ text: 'Me' }))).toBe(
      'no_registration',
    )
    await expect(api.conversation.ask({ id, text: 'x'.repeat(1_000_000) })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    })
    await api.conversation.ask({ id, text: QUESTION })
    expect(await codeOf(river.api.registration.answer({ text: '' }))).toBe('text_missing')
    expect(await codeOf(river.api.registration.answer({ text: 'ä'.repeat(2001) }))).toBe('text_too_long')
    await river.api.registration.answer({ text: '👩‍👩‍👧'.repeat(2000) })
    await decideOn(world, id, 'deny')
    expect(await codeOf(api.conversation.ask({ id, text: 'Another' }))).toBe('wrong_state')
    expect(await kindsOf(id)).toEqual(expect.arrayContaining(['asked', 'answered', 'denied']))
    expect((await api.conversation.thread({ id })).exchanges).toHaveLength(2)
  })
})

describe('where time goes on while something is written', () => {
  /** The same database, with a clock that is later each time it is asked. */
  function ticking(undoMs: number) {
    const { registration, retention } = world.config
    let now = world.now()
    const { registrar } = createRegistrations({
      log: { info: () => undefined },
      decided: () => undefined,
      database: world.database,
      intake: world.services.intake,
      memory: { remember: () => Promise.resolve() },
      clock: () => ++now,
      randomId: randomUUID,
      linkHours: 24,
      policy: {
        password: registration.password,
        invitations: registration.invitations,
        retention,
        autoJoin: [],
        welcome: false,
        moderatorsRoom: false,
        undoMs,
        claimMs: 1000,
        probation: false,
        probationMs: 1000,
      },
    })
    return registrar
  }
  const actor = { kind: 'moderator', id: 'm1' } as const

  test('the mail of a question still has its words', async () => {
    const river = await requested(world, 'river')
    await ticking(0).act(river.view.id, { type: 'ask', moderator: 'm1', text: QUESTION }, actor)
    world.pass(DAY)
    await world.drain()
    expect(world.mailbox.last(river.email, 'question').question).toBe(QUESTION)
  })

  test('a decision that is taken back has no job left', async () => {
    const river = await requested(world, 'river')
    const registrar = ticking(20_000)
    const deny = { type: 'deny', moderator: 'm1', message: null, silent: false } as const
    await registrar.act(river.view.id, deny, actor)
    expect(await registrar.undo(river.view.id, actor)).toMatchObject({ ok: true })
    const { api } = await aModerator(world.services)
    const { jobs } = await api.moderation.registration({ id: river.view.id })
    expect(jobs.filter(({ kind }) => kind === 'remove_account')).toMatchObject([{ state: 'cancelled' }])
  })
})

describe('among moderators', () => {
  test('a note is there for colleagues, with its writer, in every state', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services, 'mira')
    await decideOn(world, id, 'deny')
    await api.conversation.note({ id, text: 'Asked on the phone' })
    const other = await aModerator(world.services)
    expect((await other.api.conversation.thread({ id })).notes).toMatchObject([
      { moderator: 'mira', text: 'Asked on the phone' },
    ])
    for (const _ of [1, 2]) await api.conversation.note({ id, text: 'Called, nobody there' })
    world.pass(DAY)
    await api.conversation.note({ id, text: 'Called, nobody there' })
    expect((await api.conversation.thread({ id })).notes).toHaveLength(3)
    expect(await codeOf(api.conversation.note({ id, text: '' }))).toBe('text_missing')
    expect(await codeOf(api.conversation.note({ id: 'forged', text: 'x' }))).toBe('not_found')
  })

  test('no word of a question, an answer or a note is in the audit trail', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services)
    await api.conversation.ask({ id, text: 'secretword' })
    await river.api.registration.answer({ text: 'secretword' })
    await api.conversation.note({ id, text: 'secretword' })
    const { events } = await api.moderation.registration({ id })
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['asked', 'answered', 'note_added']),
    )
    expect(JSON.stringify(events)).not.toContain('secretword')
  })

  test('a claim is seen by others, refused to them by name, taken over, and free after a while', async () => {
    const { id } = (await requested(world, 'river')).view
    const mira = await aModerator(world.services, 'mira')
    const tom = await aModerator(world.services, 'tom')
    const { version } = await tom.api.moderation.registration({ id })
    await mira.api.conversation.take({ id, over: false })
    expect((await mira.api.conversation.thread({ id })).claim).toMatchObject({ by: 'mira', mine: true })
    expect((await tom.api.conversation.thread({ id })).claim).toEqual({
      by: 'mira',
      mine: false,
      until: world.now() + 30 * 60_000,
    })
    await expect(tom.api.conversation.take({ id, over: false })).rejects.toMatchObject({
      code: 'CONFLICT',
      cause: { refusal: { code: 'claimed', by: 'mira' } },
    })
    expect(await codeOf(tom.api.conversation.release({ id }))).toBe('claimed')
    await tom.api.conversation.take({ id, over: true })
    expect((await mira.api.conversation.thread({ id })).claim).toMatchObject({ by: 'tom' })
    await tom.api.conversation.release({ id })
    await mira.api.conversation.take({ id, over: false })
    const listed = async () => (await tom.api.moderation.queue({ tab: 'waiting' })).items[0]?.claimedBy
    world.pass(30 * 60_000 - 1)
    expect(await listed()).toBe('mira')
    world.pass(1)
    expect((await tom.api.conversation.thread({ id })).claim).toBeNull()
    expect(await listed()).toBeNull()
    // What a colleague looks at is not out of date by a claim.
    await tom.api.moderation.decide({ id, version, decision: 'deny', message: '', silent: true })
  })

  test('a denial is filed under a category of the list, and under no other', async () => {
    const { id } = (await requested(world, 'river')).view
    const { api } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id })
    const deny = { id, version, decision: 'deny', message: '', silent: true } as const
    expect(await codeOf(api.moderation.decide({ ...deny, category: 'made-up' }))).toBe('category_unknown')
    await api.moderation.decide({ ...deny, category: 'spam' })
    expect(await api.moderation.registration({ id })).toMatchObject({ category: 'spam' })
  })
})

describe('a denial that is approved after all', () => {
  const reopen = async (id: string, message = '') => {
    const { api } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id })
    await api.conversation.reopen({ id, version, message })
    await world.drain()
    return api
  }

  test('gets the account back that was removed, with a new password, and opens it', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    await decideOn(world, id, 'deny', { message: 'No' })
    expect(await world.homeserver.account(username('river'))).toMatchObject({ deactivated: true })
    await reopen(id, 'We thought again')
    const { link, message } = world.mailbox.last(river.email, 'set_password')
    expect(message).toBe('We thought again')
    const browser = aBrowser(world.services)
    expect(await browser.api.registration.resume({ token: tokenIn(link) })).toMatchObject({
      state: 'approved',
      awaitsPassword: true,
    })
    expect(await signInToMatrix(world, 'river')).not.toBe('in')
    await browser.api.registration.setPassword({ password: 'another pass phrase' })
    await world.drain()
    expect(await signInToMatrix(world, 'river')).not.toBe('in')
    expect(await signInToMatrix(world, 'river', 'another pass phrase')).toBe('in')
    expect(await kindsOf(id)).toEqual(expect.arrayContaining(['denied', 'reopened', 'account_revived']))
  })

  test('where no account was made, one is made now', async () => {
    await world.dispose()
    world = await aWorld({ registration: { ...aConfig().registration, password: 'after_approval' } })
    const river = await verified(world, 'river')
    await river.api.registration.request({ password: '', reason: REASON, legal: false })
    await decideOn(world, river.view.id, 'deny')
    const { api } = await aModerator(world.services)
    expect(await api.conversation.thread({ id: river.view.id })).toMatchObject({ reopen: 'possible' })
    expect(m.reopen_words()).not.toMatch(/was removed|new password/)
    await reopen(river.view.id)
    await river.api.registration.setPassword({ password: PASSWORD })
    await world.drain()
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('is refused while the account is still to be removed', async () => {
    const { id } = (await requested(world, 'river')).view
    const api = await decideOnly(world, id, 'deny')
    const view = await api.moderation.registration({ id })
    expect(await api.conversation.thread({ id })).toMatchObject({ reopen: 'not_yet' })
    expect(await codeOf(api.conversation.reopen({ id, version: view.version, message: '' }))).toBe(
      'reopen_too_early',
    )
  })

  test('is refused when somebody else has the name or the address by now', async () => {
    const first = await requested(world, 'river')
    const { version } = await decideOn(world, first.view.id, 'deny')
    await requested(world, 'river', 'second@mail.test')
    const { api } = await aModerator(world.services)
    const again = { id: first.view.id, version, message: '' }
    expect(await codeOf(api.conversation.reopen(again))).toBe('username_taken')
    const third = await requested(world, 'stone')
    const denied = await decideOn(world, third.view.id, 'deny')
    await verified(world, 'other', third.email)
    expect(
      await codeOf(api.conversation.reopen({ id: third.view.id, version: denied.version, message: '' })),
    ).toBe('address_taken')
    expect(await api.conversation.thread({ id: third.view.id })).toMatchObject({ reopen: 'impossible' })
  })

  test('never gives an account out again that was once opened, also when its owner is forgotten here', async () => {
    const first = await requested(world, 'river')
    const { version } = await decideOn(world, first.view.id, 'deny')
    const second = await requested(world, 'river', 'second@mail.test')
    await decideOn(world, second.view.id, 'approve')
    expect(await signInToMatrix(world, 'river')).toBe('in')
    await world.database.write(async (tx) => {
      await tx.run(`delete from registrations where id = '${second.view.id}'`)
    })
    const { api } = await aModerator(world.services)
    expect(await codeOf(api.conversation.reopen({ id: first.view.id, version, message: '' }))).toBe(
      'username_taken',
    )
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('rests like every decision, and is the denial again when it is taken back', async () => {
    await world.dispose()
    world = await aWorld({ moderation: { ...aConfig().moderation, undoMs: 20_000 } })
    const river = await requested(world, 'river')
    const { id } = river.view
    await decideOn(world, id, 'deny', { message: 'No' })
    world.pass(20_000)
    await world.drain()
    const api = await reopen(id, 'Yes')
    expect(await river.api.registration.current()).toMatchObject({
      state: 'denied',
      message: 'No',
      awaitsPassword: false,
    })
    expect(await codeOf(river.api.registration.setPassword({ password: PASSWORD }))).toBe('wrong_state')
    const undone = await world.services.registrar.undo(id, { kind: 'system' })
    expect(undone).toMatchObject({ ok: true })
    world.pass(DAY)
    await world.drain()
    expect(world.mailbox.kinds(river.email)).not.toContain('set_password')
    expect(await api.moderation.registration({ id })).toMatchObject({ state: 'denied', message: 'No' })
    await reopen(id, 'Yes')
    world.pass(20_000)
    await world.drain()
    expect(world.mailbox.kinds(river.email)).toContain('set_password')
  })
})
