import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OUTSIDES, outsideOf, type NewJob } from '$lib/registration/job'
import { countWaiting, insertJob } from '$lib/server/database/jobs'
import { HomeserverError } from '$lib/server/homeserver/homeserver'
import { MailError, type Letter } from '$lib/server/mail/mail'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import { email, username } from '../support/registration'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  verified,
  anAdminRoom,
} from '../support/world'
import type { TestWorld } from '../support/world'
import type { Fault } from '../../src/stand-in/server'
import { DAY, HOUR, MINUTE, SECOND } from '$lib/registration/time'

const form = { password: PASSWORD, reason: REASON, legal: true }
const OUT = { permanent: false, outage: true }
const smtpIsDown = new MailError('127.0.0.1:25 could not be reached', OUT)

let world: TestWorld
beforeEach(async () => {
  const adminRoom = anAdminRoom()
  world = await aWorld({ matrixNotifications: { adminRoom, welcome: null } })
})
afterEach(() => world.dispose())

const moderation = async () => (await aModerator(world.services)).api.moderation
const roomTexts = () =>
  (world.standIn.room('#moderators:example.test')?.messages ?? []).map(({ content }) =>
    JSON.stringify(content),
  )
const begin = (name: string) =>
  aBrowser(world.services).api.registration.start({ username: name, email: `${name}@mail.test` })

/** Lets time pass in small steps, with the work that is due at each. */
async function live(ms: number, step = 10 * SECOND): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    world.pass(step)
    await world.drain()
  }
}

describe('a mail server that is out', () => {
  test('is seen on the desk, told in the room once, and everything goes out when it is back, oldest first', async () => {
    world.mailbox.refuse = smtpIsDown
    await begin('first')
    await live(MINUTE)
    for (const name of ['second', 'third', 'fourth']) {
      await begin(name)
      await live(MINUTE)
    }
    expect(await (await moderation()).outages()).toEqual([
      { server: 'mail', since: expect.any(Number), reason: smtpIsDown.message, waiting: 4 },
    ])
    expect(roomTexts()).toEqual([])
    await live(10 * MINUTE)
    expect(roomTexts()).toHaveLength(1)
    expect(roomTexts()[0]).toContain('Outgoing email has been failing since')
    await live(60 * MINUTE)
    expect(roomTexts()).toHaveLength(1)

    world.mailbox.refuse = null
    world.pass(30 * SECOND)
    await world.drain()
    expect(world.mailbox.letters).toHaveLength(1)
    for (let waited = 0; waited < 3; waited++) {
      world.pass(200)
      await world.drain()
    }
    expect(world.mailbox.letters.map(({ to }) => to[0])).toEqual(
      ['first', 'second', 'third', 'fourth'].map((name) => `${name}@mail.test`),
    )
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('gets no mails while it is out, only the question whether it is back', async () => {
    let sent = 0
    const { send } = world.mailbox
    world.mailbox.send = (letter) => {
      sent++
      return send.call(world.mailbox, letter)
    }
    world.mailbox.refuse = smtpIsDown
    await begin('first')
    await live(MINUTE)
    expect(sent).toBe(3)
    for (let index = 0; index < 20; index++) await begin(`more${index}`)
    await live(30 * MINUTE)
    expect(sent).toBe(3)
  })

  test('for a moment is no alert', async () => {
    world.mailbox.refuse = smtpIsDown
    await begin('first')
    await live(MINUTE)
    expect(await (await moderation()).outages()).toHaveLength(1)
    world.mailbox.refuse = null
    await live(10 * MINUTE)
    expect(roomTexts()).toEqual([])
  })

  test('for days makes no mail fail for good', async () => {
    world.mailbox.refuse = smtpIsDown
    await begin('first')
    await live(MINUTE)
    world.pass(5 * DAY)
    await world.drain()
    world.mailbox.refuse = null
    await live(MINUTE)
    expect(world.mailbox.kinds('first@mail.test')).toEqual(['verification'])
  })

  test('does not hold up what the homeserver is to do', async () => {
    const applicant = await requested(world, 'river')
    world.mailbox.refuse = smtpIsDown
    const view = await decideOn(world, applicant.view.id, 'approve')
    expect(view).toMatchObject({ state: 'completed', account: 'open' })
    expect(view.jobs.find(({ kind }) => kind === 'bind_address')).toMatchObject({ state: 'done' })
  })
})

describe('a mail server that is back, before which emails wait that are not needed any more', () => {
  const LONGEST_PROBE = 30 * SECOND
  const PACE = 200

  test.each([1, 5, 20])(
    'sends the next one with the first answer to a probe: %i before it',
    async (count) => {
      const people = []
      for (let index = 0; index < count; index++) people.push(await verified(world, `person-${index}`))
      world.mailbox.refuse = smtpIsDown
      for (const { api } of people) {
        const { id } = await api.registration.request(form)
        // Some are tried before the outage is known, and some are not.
        await world.drain()
        await decideOnly(world, id, 'deny', { silent: true })
      }
      for (const name of ['a-one', 'b-two', 'c-three']) await begin(name)
      await live(5 * MINUTE)
      await begin('late')
      expect(await (await moderation()).outages()).toHaveLength(1)
      world.mailbox.refuse = null
      world.pass(LONGEST_PROBE)
      await world.drain()
      for (let waited = 0; waited < count + 6; waited++) {
        world.pass(PACE)
        await world.drain()
      }
      expect(await (await moderation()).outages()).toEqual([])
      expect(world.mailbox.kinds('late@mail.test')).toEqual(['verification'])
      expect(world.mailbox.letters.map(({ mail }) => mail.kind)).not.toContain('requested')
    },
  )

  test.each(['never', 'before'])(
    'is back though one waits for what becomes of a decision: %s tried',
    async (tried) => {
      await world.dispose()
      world = await aWorld({ moderation: { ...aConfig().moderation, undoMs: HOUR } })
      const { api, email } = await verified(world, 'river')
      for (const name of ['a-one', 'b-two', 'c-three']) await begin(name)
      await world.drain()
      world.mailbox.refuse = smtpIsDown
      if (tried === 'never') {
        for (const name of ['d-four', 'e-five', 'f-six']) await begin(name)
        await world.drain()
      }
      const { id } = await api.registration.request(form)
      await live(5 * MINUTE)
      const desk = await decideOnly(world, id, 'deny', { silent: true })
      expect(await desk.moderation.outages()).toHaveLength(1)
      world.mailbox.refuse = null
      await live(MINUTE)
      expect(await desk.moderation.outages()).toEqual([])
      expect(world.mailbox.kinds(email)).not.toContain('requested')
      await live(20 * MINUTE, MINUTE)
      expect(world.mailbox.kinds(email)).not.toContain('requested')
      await desk.moderation.undo({ id })
      await live(HOUR, MINUTE)
      expect(world.mailbox.kinds(email)).toContain('requested')
    },
  )
})

describe('a mail server that greets, and takes no mail', () => {
  const refusals = [
    new MailError('It rejects our credentials (530 Authentication required)', OUT),
    new MailError('It does not accept email right now (421)', OUT),
    new MailError('It closed the connection', OUT),
    new MailError('It had this email and closed the connection', { ...OUT, handedOver: true }),
  ]
  /** Mails are answered by `answer`; the question whether it is back is always answered with yes. */
  function answerMails(answer: (letter: Letter) => MailError | null): { at: number; to: string }[] {
    const tries: { at: number; to: string }[] = []
    const { send } = world.mailbox
    world.mailbox.check = () => Promise.resolve()
    world.mailbox.send = (letter) => {
      tries.push({ at: world.now(), to: letter.to[0] ?? '' })
      const error = answer(letter)
      return error === null ? send.call(world.mailbox, letter) : Promise.reject(error)
    }
    return tries
  }
  const gaps = (tries: { at: number }[]) =>
    tries.slice(1).map(({ at }, index) => at - (tries[index]?.at ?? 0))

  test.each(refusals)('is one outage, one alert, and one try at a time: $message', async (refusal) => {
    const tries = answerMails(() => refusal)
    for (let index = 0; index < 25; index++) await begin(`person-${index}`)
    await live(20 * SECOND, SECOND)
    const [first] = await (await moderation()).outages()
    expect(first).toMatchObject({ server: 'mail', reason: refusal.message })
    tries.length = 0
    for (let minute = 0; minute < 15; minute++) {
      await live(MINUTE, SECOND)
      expect(await (await moderation()).outages()).toMatchObject([{ since: first?.since }])
    }
    expect(Math.min(...gaps(tries))).toBeGreaterThanOrEqual(5 * SECOND)
    expect(tries.length).toBeGreaterThan(25)
    expect(tries.length).toBeLessThan(40)
    expect(roomTexts()).toHaveLength(1)
  })

  test('ends with the first mail that it takes, and the others follow', async () => {
    let down = true
    answerMails(() => (down ? (refusals[0] ?? null) : null))
    for (const name of ['first', 'second', 'third', 'fourth']) await begin(name)
    await live(5 * MINUTE)
    down = false
    await live(40 * SECOND)
    expect(await (await moderation()).outages()).toEqual([])
    expect(world.mailbox.letters.map(({ to }) => to[0]).sort()).toEqual(
      ['first', 'second', 'third', 'fourth'].map((name) => `${name}@mail.test`).sort(),
    )
  })

  test('at one mail alone holds up no other', async () => {
    answerMails(({ to }) => (to[0] === 'odd@mail.test' ? (refusals[2] ?? null) : null))
    await begin('odd')
    await live(MINUTE)
    expect(await (await moderation()).outages()).toHaveLength(1)
    await begin('river')
    await live(MINUTE)
    expect(world.mailbox.kinds('river@mail.test')).toEqual(['verification'])
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('is out for the reason that it gives now', async () => {
    let now = refusals[0]
    answerMails(() => now ?? null)
    await begin('river')
    await live(MINUTE)
    now = refusals[1]
    await live(MINUTE)
    expect(await (await moderation()).outages()).toMatchObject([{ reason: now?.message }])
  })

  test('is back where it rejects one mail for its receiver, and where no mail waits any more', async () => {
    let answer: MailError | null = refusals[0] ?? null
    answerMails(() => answer)
    await begin('river')
    await live(MINUTE)
    answer = new MailError('No such mailbox (550 5.1.1)', { permanent: true, blame: 'receiver' })
    await live(MINUTE)
    expect(await (await moderation()).outages()).toEqual([])

    answer = refusals[0] ?? null
    await begin('lake')
    await live(MINUTE)
    expect(await (await moderation()).outages()).toHaveLength(1)
    world.pass(15 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    await live(MINUTE)
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('is still out for a program that starts anew', async () => {
    const tries = answerMails(() => refusals[0] ?? null)
    for (const name of ['first', 'second', 'third']) await begin(name)
    await live(MINUTE)
    const [before] = await (await moderation()).outages()
    tries.length = 0
    const after = world.another()
    await after.outages.resume()
    await after.worker.drain()
    expect(tries).toHaveLength(1)
    expect(await after.outages.current()).toMatchObject([{ since: before?.since, waiting: 3 }])
  })
})

describe('a homeserver that is out', () => {
  const down = () => ({ status: 502, body: '<html>Bad gateway' })

  test('is asked by nobody but the probe: people are told at once, decisions wait, and then take effect', async () => {
    const waiting = await requested(world, 'river')
    const next = await verified(world, 'stone')
    world.standIn.faults = down
    for (let attempt = 0; attempt < 3; attempt++)
      expect(await codeOf(next.api.registration.request(form))).toBe('homeserver_unavailable')
    let calls = 0
    world.standIn.faults = () => {
      calls++
      return down()
    }
    for (let attempt = 0; attempt < 10; attempt++)
      expect(await codeOf(next.api.registration.request(form))).toBe('homeserver_unavailable')
    expect(calls).toBe(0)

    expect(await decideOn(world, waiting.view.id, 'approve')).toMatchObject({
      state: 'approved',
      jobs: expect.arrayContaining([
        expect.objectContaining({ kind: 'open_account', state: 'waiting', attempts: 0 }),
      ]),
    })
    const [outage] = await (await moderation()).outages()
    // The approval, what the room says of it, and the look at what became of the claim.
    expect(outage).toMatchObject({ server: 'homeserver', waiting: 3 })
    await live(10 * MINUTE)
    expect(
      world.mailbox.kinds('moderators@example.test').filter((kind) => kind === 'moderators_outage'),
    ).toHaveLength(1)

    world.standIn.faults = undefined
    await live(MINUTE)
    expect(await waiting.api.registration.current()).toMatchObject({ state: 'completed' })
    expect(await next.api.registration.request(form)).toMatchObject({ state: 'requested' })
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('by a token that was revoked loses nothing: with the token mended, every decision takes effect', async () => {
    const waiting = await requested(world, 'river')
    world.standIn.faults = () => ({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: 'Invalid' } })
    expect(await decideOn(world, waiting.view.id, 'deny')).toMatchObject({ state: 'denied' })
    await live(5 * MINUTE)
    const [outage] = await (await moderation()).outages()
    expect(outage?.reason).toContain('synapse.admin_token')
    world.standIn.faults = undefined
    await live(MINUTE)
    expect(await world.homeserver.account(username('river'))).toMatchObject({ deactivated: true })
  })

  test('is still out for a program that starts anew, and asked first', async () => {
    await requested(world, 'river')
    const next = await verified(world, 'stone')
    world.standIn.faults = down
    for (let attempt = 0; attempt < 3; attempt++) await codeOf(next.api.registration.request(form))
    const after = world.another()
    await after.outages.resume()
    expect(after.outages.closed().outsides).toEqual(['homeserver', 'rooms'])
    world.standIn.faults = undefined
    await after.worker.drain()
    expect(after.outages.closed().outsides).toEqual([])
    expect(await after.outages.current()).toEqual([])
  })
})

describe('a homeserver whose token was revoked', () => {
  test('keeps registration closed for a program that starts anew, too', async () => {
    world.standIn.faults = () => ({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: 'Invalid' } })
    await world.services.outages.findSetUpProblem()
    expect(await world.services.intake.look()).toMatchObject({ open: false, why: 'set_up' })
    const after = world.another()
    await after.outages.resume()
    await after.outages.findSetUpProblem()
    expect(await after.intake.look()).toMatchObject({ open: false, why: 'set_up' })
    const next = aBrowser(after).api.registration
    expect(await codeOf(next.start({ username: 'river', email: 'river@mail.test' }))).toBe(
      'registration_closed',
    )
    expect(await after.outages.current()).toHaveLength(1)
  })
})

describe('what is about one call alone is no outage', () => {
  test('a mail that is refused', async () => {
    world.mailbox.refuse = new MailError('It refuses this mail for good', { permanent: true })
    for (const name of ['a-one', 'b-two', 'c-three', 'd-four']) await begin(name)
    await live(MINUTE)
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('an error in Synapse’s own words', async () => {
    const next = await verified(world, 'stone')
    world.standIn.faults = ({ method }) =>
      method === 'PUT' ? { status: 500, body: { errcode: 'M_UNKNOWN', error: 'Internal' } } : undefined
    for (let attempt = 0; attempt < 5; attempt++) await codeOf(next.api.registration.request(form))
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('a time-out of one slow call: the plain question ends it at once', async () => {
    const next = await verified(world, 'stone')
    world.standIn.faults = ({ method }) => (method === 'PUT' ? 'cut' : undefined)
    for (let attempt = 0; attempt < 3; attempt++) await codeOf(next.api.registration.request(form))
    expect(await (await moderation()).outages()).toHaveLength(1)
    await world.drain()
    expect(await (await moderation()).outages()).toEqual([])
  })
})

describe('a homeserver that answers the plain question, and nothing else', () => {
  /** Calls of a server with two parts, of which one may work while the other does not. */
  const call = (task: () => Promise<unknown>) => world.services.outages.watched('homeserver', { task }).task()
  const isDown = () =>
    Promise.reject(new HomeserverError('unreachable', 'Could not do it.', { permanent: false, outage: true }))

  test('is asked less and less often, and is one outage with one alert', async () => {
    const told = () =>
      world.mailbox.kinds('moderators@example.test').filter((kind) => kind === 'moderators_outage').length
    let tries = 0
    let since: number | undefined
    const { outages } = await moderation()
    for (let passed = 0; passed < 12 * MINUTE; passed += SECOND) {
      for (let attempt = 0; attempt < 3; attempt++)
        await call(() => {
          tries++
          return isDown()
        }).catch(() => undefined)
      const [outage] = await outages()
      since ??= outage?.since
      expect(outage).toMatchObject({ server: 'homeserver', since })
      world.pass(SECOND)
      await world.drain()
    }
    expect(tries).toBeLessThan(3 * 30)
    expect(told()).toBe(1)
  })

  test('is asked at once again where the last outage is long over', async () => {
    for (let outage = 0; outage < 3; outage++) {
      for (let attempt = 0; attempt < 3; attempt++) await call(isDown).catch(() => undefined)
      expect(await (await moderation()).outages()).toMatchObject([{ since: world.now() }])
      await world.drain()
      expect(await (await moderation()).outages()).toEqual([])
      world.pass(HOUR)
    }
  })

  test('is out as well where another part of it answers in between', async () => {
    world.standIn.faults = () => ({ status: 502, body: '<html>Bad gateway' })
    const since = world.now()
    for (let attempt = 0; attempt < 4; attempt++) {
      await call(isDown).catch(() => undefined)
      await call(() => Promise.resolve(null))
    }
    await world.drain()
    expect(await (await moderation()).outages()).toMatchObject([{ server: 'homeserver', since }])
    await expect(call(() => Promise.resolve(null))).rejects.toMatchObject({ kind: 'not_asked' })
    world.standIn.faults = undefined
    await live(MINUTE)
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('is not out by single errors of a long time, nor where it answers the plain question', async () => {
    let asked = 0
    world.standIn.faults = () => {
      asked++
      return undefined
    }
    const one = async () => {
      await call(isDown).catch(() => undefined)
      await call(() => Promise.resolve(null))
      world.pass(2 * MINUTE)
      await world.drain()
    }
    await one()
    const before = asked
    await one()
    await one()
    expect(asked).toBe(before)
    for (let attempt = 0; attempt < 3; attempt++) {
      await call(isDown).catch(() => undefined)
      await call(() => Promise.resolve(null))
    }
    await world.drain()
    expect(asked).toBeGreaterThan(before)
    expect(await (await moderation()).outages()).toEqual([])
  })
})

describe('a homeserver behind a proxy that lets one call through to nobody', () => {
  const blocks = (fault: Fault) => {
    world.standIn.faults = ({ path }) => (path.includes('/threepid/') ? fault : undefined)
  }
  const jobsOf = async (id: string) => {
    const { jobs } = await (await moderation()).registration({ id })
    return jobs.map(({ kind, state, dismissible }) => ({ kind, state, dismissible }))
  }
  beforeEach(async () => {
    await world.dispose()
    world = await aWorld({ autoJoin: ['#lobby:example.test'] })
  })

  test.each<[string, Fault]>([
    ['a page of its own', { status: 404, body: '<html>Not found' }],
    ['an error of its own', { status: 502, body: '<html>Bad gateway' }],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.test/' } }],
    ['no answer', 'cut'],
  ])('lets what stands behind that go on after a day, and moderators dismiss it: %s', async (_, fault) => {
    blocks(fault)
    const { view } = await requested(world, 'river')
    expect(await decideOn(world, view.id, 'approve')).toMatchObject({ state: 'completed' })
    await live(23 * HOUR, 30 * MINUTE)
    expect(await jobsOf(view.id)).toContainEqual({
      kind: 'bind_address',
      state: 'waiting',
      dismissible: false,
    })
    await live(3 * HOUR, 30 * MINUTE)
    const after = await jobsOf(view.id)
    expect(after).toContainEqual({ kind: 'bind_address', state: 'failed', dismissible: true })
    expect(after).toContainEqual({ kind: 'join_room', state: 'done', dismissible: false })
  })

  test('does so as well where that call is several people’s, and seems an outage by that', async () => {
    blocks({ status: 404, body: '<html>Not found' })
    const ids = []
    for (const name of ['a-one', 'b-two', 'c-three', 'd-four', 'e-five'])
      ids.push((await requested(world, name)).view.id)
    for (const id of ids) await decideOn(world, id, 'approve')
    await live(30 * HOUR, 10 * MINUTE)
    for (const id of ids)
      expect(await jobsOf(id)).toContainEqual({ kind: 'join_room', state: 'done', dismissible: false })
    expect(await (await moderation()).outages()).toEqual([])
  })

  test('is another than one that is out for days, which makes no job fail', async () => {
    const { view } = await requested(world, 'river')
    world.standIn.faults = () => ({ status: 502, body: '<html>Bad gateway' })
    await decideOn(world, view.id, 'approve')
    await live(3 * DAY, 10 * MINUTE)
    world.standIn.faults = undefined
    await live(2 * MINUTE)
    expect((await jobsOf(view.id)).map(({ state }) => state)).toEqual(
      (await jobsOf(view.id)).map(() => 'done'),
    )
  })
})

test('who is asked to wait in rooms waits with all other messages, and with nothing else', async () => {
  await world.dispose()
  const welcome = { room: null, template: 'Hello {username}' }
  world = await aWorld({ matrixNotifications: { adminRoom: null, welcome } })
  const applicants = await Promise.all(['a-one', 'b-two', 'c-three'].map((name) => requested(world, name)))
  let messages = 0
  world.standIn.faults = ({ path }) => {
    if (!/createRoom|\/send\//.test(path)) return undefined
    messages++
    return { status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 40_000 } }
  }
  for (const { view } of applicants)
    expect(await decideOn(world, view.id, 'approve')).toMatchObject({ state: 'completed' })
  expect(messages).toBe(1)
  world.standIn.faults = undefined
  await live(2 * MINUTE)
  for (const { view } of applicants) {
    const { jobs } = await (await moderation()).registration({ id: view.id })
    expect(jobs.map(({ state }) => state)).toEqual(jobs.map(() => 'done'))
  }
})

test('whoever asks for a day of waiting stops nobody for longer than minutes', async () => {
  const applicants = await Promise.all(['a-one', 'b-two'].map((name) => requested(world, name)))
  let asked = 0
  const tooMany = { status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: DAY } }
  world.standIn.faults = ({ method, body }) =>
    method === 'PUT' && body.includes('"locked":false') && asked++ === 0 ? tooMany : undefined
  for (const { view } of applicants) await decideOn(world, view.id, 'approve')
  expect(asked).toBe(1)
  await live(6 * MINUTE)
  const stateOf = async (index: number) =>
    (await world.services.registrar.find(applicants[index]?.view.id ?? ''))?.state
  expect([await stateOf(0), await stateOf(1)]).toEqual(['approved', 'completed'])
  world.pass(HOUR)
  await world.drain()
  expect([await stateOf(0), await stateOf(1)]).toEqual(['completed', 'completed'])
})

test('the database and the domain agree on what each job uses outside', async () => {
  const name = username('river')
  const jobs: NewJob[] = [
    { kind: 'mail', mail: 'verification', username: name, language: 'en' },
    { kind: 'mail', mail: 'unknown_address', email: email('a@mail.test'), language: 'en' },
    { kind: 'open_account' },
    { kind: 'remove_account', username: name },
    { kind: 'bind_address' },
    { kind: 'consent', version: '1' },
    { kind: 'join_room', room: '#a:b' },
    { kind: 'welcome' },
    { kind: 'notify_room', since: 0 },
    { kind: 'notify_moderators', since: 0, reminder: false },
    { kind: 'notify_person', moderator: 'm1', why: 'each', since: 0 },
    { kind: 'warn_outage', by: 'mail', server: 'homeserver', since: 0 },
    { kind: 'warn_outage', by: 'room', server: 'mail', since: 0 },
    { kind: 'warn_auto_join', by: 'mail', username: name, rooms: [] },
    { kind: 'warn_auto_join', by: 'room', username: name, rooms: [] },
  ]
  await world.database.write(async (tx) => {
    for (const [index, job] of jobs.entries())
      await insertJob(tx, job, { id: String(index), registrationId: null, now: 0, rest: 0 })
  })
  for (const outside of OUTSIDES) {
    const expected = jobs.filter((job) => outsideOf(job) === outside).length
    expect([outside, await world.database.read((reader) => countWaiting(reader, [outside]))]).toEqual([
      outside,
      expected,
    ])
  }
})
