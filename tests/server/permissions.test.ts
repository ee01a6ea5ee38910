import { createClient } from '@libsql/client'
import { TRPCError } from '@trpc/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MailError } from '$lib/server/mail/mail'
import { RefusalError } from '$lib/server/trpc/refusal-error'
import { appRouter, createApi } from '$lib/server/trpc/router'
import { decideOn } from '../support/decide'
import { permissionOf } from '../support/permission-of'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  requested,
  tokenIn,
  type TestWorld,
} from '../support/world'

/**
 * What a moderator's answers carry. Every procedure stands here: with what it is asked, or whose it is. `stranger`:
 * needs no sign-in, and so is no matter of roles.
 */
type Call = 'administrator' | 'stranger' | ((scene: Scene) => unknown)

const rule = { subject: 'domain', form: 'exact', value: 'mail.test', effect: 'block' } as const
const said = { text: 'A few words', silent: false }
const verdict = { decision: 'deny', message: '', silent: true }

const CALLS: Record<string, Call> = {
  'registration.opening': 'stranger',
  'registration.form': 'stranger',
  'registration.checkInvitation': 'stranger',
  'registration.checkUsername': 'stranger',
  'registration.start': 'stranger',
  'registration.sendLink': 'stranger',
  'registration.current': 'stranger',
  'registration.isGone': 'stranger',
  'registration.mail': 'stranger',
  'registration.chooseUsername': 'stranger',
  'registration.request': 'stranger',
  'registration.setPassword': 'stranger',
  'registration.passwordRules': 'stranger',
  'registration.links': 'stranger',
  'registration.status': 'stranger',
  'registration.isStatusLink': 'stranger',
  'registration.resume': 'stranger',
  'registration.withdraw': 'stranger',
  'registration.answer': 'stranger',
  'registration.speak': 'stranger',
  'verification.look': 'stranger',
  'verification.confirm': 'stranger',
  'verification.renew': 'stranger',
  'session.signIn': 'stranger',
  'session.isHalfWay': 'stranger',
  'session.enterCode': 'stranger',
  'session.startPasskey': 'stranger',
  'session.enterPasskey': 'stranger',
  'session.signOut': 'stranger',
  'moderators.invitation': 'stranger',
  'moderators.join': 'stranger',
  'moderators.address': 'stranger',
  'moderators.confirmAddress': 'stranger',

  'moderators.list': 'administrator',
  'moderators.invite': 'administrator',
  'moderators.withdraw': 'administrator',
  'moderators.setRole': 'administrator',
  'moderators.setDisabled': 'administrator',
  'moderators.signOut': 'administrator',
  'moderators.unlinkMatrixId': 'administrator',
  'factors.setRequired': 'administrator',
  'ruleLists.limits': 'administrator',
  'ruleLists.preview': 'administrator',
  'ruleLists.add': 'administrator',
  'invitations.known': 'administrator',
  'invitations.endKnown': 'administrator',
  'auditLog.beginExport': 'administrator',
  'auditLog.slice': 'administrator',

  'moderation.queue': () => ({ tab: 'all' }),
  'moderation.neighbours': ({ river }) => ({ id: river, filter: { tab: 'all' } }),
  'moderation.look': ({ river }) => ({ id: river }),
  'moderation.revision': () => undefined,
  'moderation.choices': () => undefined,
  'moderation.pending': () => undefined,
  'moderation.crowds': () => undefined,
  'moderation.registration': ({ river }) => ({ id: river }),
  'moderation.decide': ({ river }) => ({ id: river, version: 0, ...verdict }),
  'moderation.decideMany': ({ river }) => ({ items: [{ id: river, version: 0 }], ...verdict }),
  'moderation.undo': ({ stone }) => ({ id: stone }),
  'moderation.undoMany': ({ stone }) => ({ ids: [stone] }),
  'moderation.endProbation': ({ stone }) => ({ id: stone, version: 0 }),
  'moderation.retryJob': () => ({ job: 'none' }),
  'moderation.stuck': () => undefined,
  'moderation.dismissJob': () => ({ job: 'none' }),
  'moderation.failures': () => undefined,
  'moderation.retryAlike': () => ({ job: 'none' }),
  'moderation.notices': () => undefined,
  'moderation.outages': () => undefined,
  'moderation.setUp': () => undefined,
  'moderation.doubts': () => undefined,
  'moderation.checkDoubts': () => undefined,
  'moderation.settleDoubt': () => ({ username: 'nobody', verdict: 'leave' }),
  'account.view': () => undefined,
  'account.guesses': () => undefined,
  'account.changePassword': () => ({ now: 'wrong', next: 'another fine password' }),
  'account.askAddress': ({ ada }) => ({ email: ada.email }),
  'account.matrixId': () => undefined,
  'account.claimMatrixId': () => ({ matrixId: '@bob:example.test' }),
  'account.cancelMatrixId': () => undefined,
  'account.unlinkMatrixId': () => undefined,
  'account.setPreferences': () => ({ shortcuts: true }),
  'account.endSessions': () => ({ id: 'none' }),
  'factors.view': () => undefined,
  'factors.begin': () => undefined,
  'factors.confirm': () => ({ code: '000000' }),
  'factors.turnOff': () => ({ password: 'wrong' }),
  'factors.renewCodes': () => ({ password: 'wrong' }),
  'factors.passkeys': () => undefined,
  'factors.startPasskey': () => undefined,
  'factors.addPasskey': () => ({ name: 'Key', answer: '{}' }),
  'factors.removePasskey': () => ({ id: 'none', password: 'wrong' }),
  'signals.about': ({ river }) => ({ id: river }),
  'rules.list': () => ({ over: false }),
  'rules.choices': () => undefined,
  'rules.preview': () => rule,
  'rules.test': () => ({ value: 'a@mail.test' }),
  'rules.add': ({ river }) => ({
    ...rule,
    effect: 'hold',
    from: river,
    reason: '',
    days: null,
    deny: [],
    message: '',
    category: null,
    silent: true,
  }),
  'rules.end': () => ({ id: 'none' }),
  'ruleLists.beginExport': () => ({ format: 'csv' }),
  'ruleLists.slice': () => ({}),
  'invitations.list': () => ({ over: false }),
  'invitations.make': () => ({ uses: '', days: '', note: '', skipReview: false }),
  'invitations.end': ({ skipping }) => ({ id: skipping }),
  'conversation.thread': ({ river }) => ({ id: river }),
  'conversation.ask': ({ river }) => ({ id: river, text: 'Who are you?' }),
  'conversation.note': ({ river }) => ({ id: river, text: 'Looks fine' }),
  'conversation.take': ({ river }) => ({ id: river, over: true }),
  'conversation.release': ({ river }) => ({ id: river }),
  'conversation.reopen': ({ stone }) => ({ id: stone, version: 0, message: '' }),
  'replies.list': () => undefined,
  'replies.save': () => ({ purpose: 'ask', title: 'T', texts: { en: 'Words', de: '' } }),
  'replies.remove': () => ({ id: 'none' }),
  'replies.start': () => undefined,
  'replies.offered': ({ river }) => ({ id: river }),
  'replies.preview': ({ river }) => ({ id: river, action: 'ask', ...said }),
  'auditLog.page': () => ({}),
  'auditLog.people': () => undefined,
  'statistics.get': () => ({ days: 30 }),
  'notices.get': () => undefined,
  'notices.set': () => ({ notices: 'none', remindHours: null, language: 'en' }),
  'intake.state': () => undefined,
  'intake.close': () => ({ message: { en: '', de: '' }, until: '' }),
  'intake.open': () => ({ until: '' }),
  'setUp.check': 'administrator',
  'setUp.sendTestMail': 'administrator',
  'setUp.isFirst': () => undefined,
}

interface Scene {
  ada: { id: string; email: string }
  river: string
  stone: string
  skipping: string
}

let world: TestWorld
beforeEach(async () => {
  world = await aWorld({ registration: { ...aConfig().registration, invitations: 'optional' } })
})
afterEach(() => world.dispose())

const PASSWORD = 'a moderators password'

/** Everything that is in the database under these columns. */
async function values(...wanted: [table: string, ...columns: string[]][]): Promise<string[]> {
  const client = createClient({ url: world.url })
  const found: string[] = []
  for (const [table, ...columns] of wanted)
    for (const column of columns)
      for (const row of (await client.execute(`select ${column} as value from ${table}`)).rows)
        if (typeof row['value'] === 'string' && row['value'].length > 5) found.push(row['value'])
  client.close()
  return found
}

/** A desk with everything on it that an administrator has and a moderator is not to see. */
async function aScene() {
  const ada = await aModerator(world.services, 'ada', 'administrator')
  const at = { device: 'Firefox, Haiku', network: '198.51.100.0/24' }
  await world.services.sessions.signIn(ada.id, at)
  await ada.api.factors.begin()
  await ada.api.moderators.invite({ email: 'invited@people.test', role: 'administrator' })
  const skipping = await ada.api.invitations.make({
    uses: '',
    days: '',
    note: 'Only for staff',
    skipReview: true,
  })
  const other = await ada.api.invitations.make({ uses: '', days: '', note: '', skipReview: false })
  await world.drain()
  const invited = world.mailbox.last('invited@people.test', 'invitation').link
  const river = (await requested(world, 'river')).view.id
  const stone = (await requested(world, 'stone')).view.id
  await decideOn(world, stone, 'deny')
  const stranger = aBrowser(world.services)
  const start = { username: 'guest', email: 'guest@mail.test', invitation: other.code }
  await stranger.api.registration.start({ ...start, proof: await aForm(world) })
  await world.drain()
  const verification = world.mailbox.last('guest@mail.test', 'verification').link
  // A mail to somebody of the desk that its server refuses, naming them.
  world.mailbox.refuse = new MailError('550 5.1.1 <refused@people.test>: no such user', { permanent: true })
  await ada.api.moderators.invite({ email: 'refused@people.test', role: 'moderator' })
  await world.drain()
  world.mailbox.refuse = null
  const cookies = [...stranger.jar.values()]
  return {
    scene: { ada: { id: ada.id, email: 'ada@example.test' }, river, stone, skipping: skipping.id },
    links: [tokenIn(invited), tokenIn(verification), ...cookies],
    codes: [skipping, other].flatMap(({ code, link }) => [code, link, code.replaceAll('-', '')]),
    onlyAdministrators: [
      'Only for staff',
      'ada@example.test',
      'invited@people.test',
      'refused@people.test',
      'moderators@example.test',
      at.device,
      at.network,
    ],
  }
}

/** A moderator as their browser is: signed in, with a session of their own. */
async function aColleague(username: string) {
  const { id } = await aModerator(world.services, username)
  const browser = aBrowser(world.services)
  await browser.api.session.signIn({ username, password: PASSWORD })
  const cookie = browser.jar.get(world.services.sessions.cookieName)
  const found = await world.services.sessions.check(cookie)
  if (found === null) throw new Error('Nobody is signed in')
  const again = aBrowser(world.services, { moderator: found.moderator })
  for (const [name, value] of browser.jar) again.jar.set(name, value)
  return { id, ...again }
}

type Procedure = (input: unknown) => Promise<unknown>
function procedureOf(api: ReturnType<typeof createApi>, path: string): Procedure {
  const [group = '', name = ''] = path.split('.')
  const found: unknown = Reflect.get(Object(Reflect.get(api, group)), name)
  if (typeof found !== 'function') throw new Error(`There is no ${path}`)
  return async (input) => {
    const answer: unknown = await found(input)
    return answer
  }
}

/** The answer, or the refusal: both reach the browser. */
async function answerOf(call: Procedure, input: unknown): Promise<unknown> {
  try {
    return await call(input)
  } catch (error) {
    if (error instanceof TRPCError && error.cause instanceof RefusalError)
      return { refusal: error.cause.refusal }
    throw error
  }
}

/** Every name of a field in an answer, however deep; but for refusals, which carry a code that is a word. */
function fieldsOf(answer: unknown): string[] {
  if (Array.isArray(answer)) return answer.flatMap(fieldsOf)
  if (typeof answer !== 'object' || answer === null) return []
  return Object.entries(answer).flatMap(([name, value]) =>
    name === 'refusal' ? [] : [name, ...fieldsOf(value)],
  )
}

test('every procedure is looked at here, and those with a permission as an administrator’s', () => {
  const procedures = Object.entries(appRouter._def.procedures)
  expect(Object.keys(CALLS).sort()).toEqual(procedures.map(([path]) => path).sort())
  const permitted = procedures.filter(([, procedure]) => permissionOf(procedure) !== null)
  const mine = Object.keys(CALLS).filter((path) => CALLS[path] === 'administrator')
  expect(permitted.map(([path]) => path).sort()).toEqual(mine.sort())
})

test('no answer to a moderator carries a secret, or what is an administrator’s', async () => {
  const { scene, links, codes, onlyAdministrators } = await aScene()
  const bob = await aColleague('bob')
  const secrets = [
    ...(await values(
      ['moderators', 'password_hash', 'totp_secret'],
      ['moderator_tokens', 'hash', 'challenge'],
      ['tokens', 'hash'],
      ['sessions', 'id'],
      ['invitations', 'hash'],
      ['attempts', 'key'],
      ['memories', 'hash'],
      ['recovery_codes', 'hash'],
      ['passkeys', 'public_key'],
    )),
    world.config.secretKey,
    ...bob.jar.values(),
    ...links,
    ...codes,
  ]
  expect(secrets.length).toBeGreaterThan(15)
  for (const [path, call] of Object.entries(CALLS)) {
    if (call === 'stranger' || call === 'administrator') continue
    const answer = await answerOf(procedureOf(bob.api, path), call(scene))
    const text = JSON.stringify(answer ?? null)
    for (const secret of [...secrets, ...onlyAdministrators])
      expect([path, text]).not.toEqual([path, expect.stringContaining(secret)])
    // His own authenticator, which he is about to scan; a code that he makes.
    const own = { 'factors.view': ['secret'], 'invitations.make': ['code'] }[path] ?? []
    const telling = fieldsOf(answer).filter((name) => /hash|secret|token|sealed|^code$|cipher/i.test(name))
    expect([path, telling.filter((name) => !own.includes(name))]).toEqual([path, []])
  }
})

test('what is an administrator’s is refused to a moderator before its input is read, and noted', async () => {
  const { scene } = await aScene()
  const bob = await aColleague('bob')
  const mine = Object.entries(CALLS).filter(([, call]) => call === 'administrator')
  for (const [path] of mine) {
    const input = path.startsWith('people.') ? { id: scene.ada.id } : undefined
    expect([path, await answerOf(procedureOf(bob.api, path), input)]).toEqual([
      path,
      { refusal: { code: 'role_too_low' } },
    ])
  }
  const { events } = await bob.api.auditLog.page({ what: 'access_refused' })
  expect(events.map(({ detail }) => detail?.['path']).reverse()).toEqual(mine.map(([path]) => path))
})

test('why a mail to somebody of the desk failed is told to all, and to whom it was, to administrators', async () => {
  await aScene()
  const bob = await aModerator(world.services, 'bob')
  const eve = await aModerator(world.services, 'eve', 'administrator')
  const errors = async ({ api }: typeof bob) => (await api.moderation.stuck()).map(({ error }) => error)
  expect(await errors(bob)).toEqual(['550 5.1.1 <[address]>: no such user'])
  expect(await errors(eve)).toEqual(['550 5.1.1 <refused@people.test>: no such user'])
})
