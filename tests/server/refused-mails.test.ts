import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sql } from 'drizzle-orm'
import { countJobs } from '$lib/server/database/jobs'
import { announcements, jobs } from '$lib/server/database/schema'
import { createHealth } from '$lib/server/http/health'
import { MailError, type Letter } from '$lib/server/mail/mail'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  anAdminRoom,
  PASSWORD,
  REASON,
  requested,
  verified,
  type TestWorld,
} from '../support/world'
import { DAY, MINUTE, SECOND } from '$lib/registration/time'

const ROOM = '#moderators:example.test'
const ours = new MailError('It refuses our sender: check email.from (553 5.7.1)', {
  permanent: false,
  blame: 'us',
  lasting: true,
})
const greylisted = new MailError('Come back later (451)', { permanent: false, blame: 'us', lasting: false })
const unknown = new MailError('It says that the mailbox does not exist (550 5.1.1)', {
  permanent: true,
  blame: 'receiver',
})

let world: TestWorld
/** What the mail server says to a mail; null: it takes it. */
let answer: (letter: Letter) => MailError | null
let tries: string[]
beforeEach(async () => {
  world = await aWorld({ matrixNotifications: { adminRoom: anAdminRoom({ room: ROOM }), welcome: null } })
  const { send } = world.mailbox
  answer = () => null
  tries = []
  world.mailbox.send = (letter) => {
    tries.push(letter.to.join(' '))
    const refused = answer(letter)
    return refused === null ? send.call(world.mailbox, letter) : Promise.reject(refused)
  }
})
afterEach(() => world.dispose())

const moderation = async () => (await aModerator(world.services)).api.moderation
const outages = async () => (await moderation()).outages()
const begin = (name: string, email = `${name}@mail.test`) =>
  aBrowser(world.services).api.registration.start({ username: name, email })
const mailOf = async (id: string, about: string) => {
  const { jobs } = await (await moderation()).registration({ id })
  return jobs.find((job) => job.about === about)
}
async function live(ms: number, step = 5 * SECOND): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    world.pass(step)
    await world.drain()
  }
}
const alerts = () =>
  (world.standIn.room(ROOM)?.messages ?? []).filter(({ content }) => JSON.stringify(content).includes('553'))

describe('a mail server that refuses us', () => {
  test('is an outage while five accounts are opened, and all five mails go out when it is mended', async () => {
    const names = ['a-one', 'b-two', 'c-three', 'd-four', 'e-five']
    const people = []
    for (const name of names) people.push(await requested(world, name))
    answer = () => ours
    for (const { view } of people)
      expect(await decideOn(world, view.id, 'approve')).toMatchObject({ state: 'completed', account: 'open' })
    expect(await outages()).toMatchObject([{ server: 'mail', reason: ours.message }])
    await live(10 * MINUTE)
    expect(alerts()).toHaveLength(1)
    expect(await outages()).toMatchObject([{ server: 'mail', since: expect.any(Number) }])

    answer = () => null
    await live(MINUTE)
    expect(await outages()).toEqual([])
    for (const { email, view } of people) {
      expect(world.mailbox.kinds(email)).toContain('approved')
      expect(await mailOf(view.id, 'approved')).toMatchObject({ state: 'done', error: null })
    }
  })

  test('is an outage with one mail alone, too, and does not flap by a plain question that it answers', async () => {
    answer = () => ours
    world.mailbox.check = () => Promise.resolve()
    await begin('river')
    await live(MINUTE)
    const [first] = await outages()
    expect(first).toMatchObject({ server: 'mail', waiting: 1 })
    await live(20 * MINUTE)
    expect(await outages()).toMatchObject([{ since: first?.since }])
    expect(alerts()).toHaveLength(1)
  })

  test('for days makes no mail fail, and asks by one of them twice a minute at most', async () => {
    answer = () => ours
    for (const name of ['a-one', 'b-two', 'c-three']) await begin(name)
    await live(MINUTE)
    tries.length = 0
    await live(10 * MINUTE)
    expect(tries.length).toBeLessThan(40)
    expect(new Set(tries).size).toBe(3)
    world.pass(3 * DAY)
    await live(MINUTE)
    answer = () => null
    await live(MINUTE)
    for (const name of ['a-one', 'b-two', 'c-three'])
      expect(world.mailbox.kinds(`${name}@mail.test`)).toEqual(['verification'])
  })

  test('that puts all off (4yz) is none within the minutes of greylisting, and one after a quarter of an hour', async () => {
    answer = () => greylisted
    for (const name of ['a-one', 'b-two', 'c-three', 'd-four']) await begin(name)
    await live(10 * MINUTE)
    expect(await outages()).toEqual([])
    await live(20 * MINUTE)
    expect(await outages()).toMatchObject([{ server: 'mail', reason: greylisted.message }])
    answer = () => null
    await live(MINUTE)
    expect(await outages()).toEqual([])
    expect(world.mailbox.kinds('d-four@mail.test')).toEqual(['verification'])
  })

  test('is still out for a program that starts anew, whose settings may be mended: they are tried at once', async () => {
    answer = () => ours
    for (const name of ['a-one', 'b-two', 'c-three']) await begin(name)
    await live(MINUTE)
    const after = world.another()
    await after.outages.resume()
    expect(await after.outages.current()).toMatchObject([{ server: 'mail' }])
    await after.worker.drain()
    expect(await after.outages.current()).toMatchObject([{ server: 'mail', waiting: 3 }])
    answer = () => null
    const mended = world.another()
    await mended.outages.resume()
    await mended.worker.drain()
    expect(await mended.outages.current()).toEqual([])
  })

  test('tells all moderators and their room why, and nobody’s address', async () => {
    const refusal = (to: string) =>
      new MailError(
        `mail.test does not relay our email: check email.host (554 5.7.1 <${to}>: no relay to ${to.split('@')[0] ?? ''})`,
        { permanent: false, blame: 'us', lasting: true },
      )
    answer = ({ to }) => refusal(to[0] ?? '')
    for (const name of ['a-one', 'b-two', 'c-three']) await begin(name)
    await live(MINUTE)
    for (const name of ['d-four', 'e-five']) await begin(name)
    await live(20 * MINUTE)
    const api = await moderation()
    const [outage] = await api.outages()
    expect(outage?.reason).toBe(
      'mail.test does not relay our email: check email.host (554 5.7.1 <[address]>: no relay to [address])',
    )
    const told = (world.standIn.room(ROOM)?.messages ?? []).map(({ content }) => JSON.stringify(content))
    expect(told.join('\n')).toContain('5.7.1')
    for (const text of [JSON.stringify(await api.notices()), ...told])
      expect(text).not.toMatch(/@mail\.test|a-one|b-two|c-three|d-four|e-five/)
  })

  test('names no other recipient at an email that waits for it', async () => {
    answer = ({ to: [to = ''] }) =>
      new MailError(`The mailbox does not exist (550 5.1.1 <${to}>: gone)`, {
        permanent: true,
        blame: 'receiver',
      })
    for (const name of ['a-one', 'b-two', 'c-three']) await begin(name)
    await live(MINUTE)
    const rows = await world.services.database.read((reader) => reader.select().from(jobs))
    const mails = rows.filter(({ kind }) => kind === 'mail')
    expect(mails).toHaveLength(3)
    for (const { error, payload } of mails) {
      const own = ['a-one', 'b-two', 'c-three'].find((name) => JSON.stringify(payload).includes(name)) ?? ''
      const named = /<([^@>]+)@mail\.test>/.exec(error ?? '')?.[1] ?? own
      expect(named).toBe(own)
    }
    await world.services.database.write((tx) =>
      tx.update(announcements).set({ text: 'It refuses a-one@mail.test (553 <a-one@mail.test>: no)' }),
    )
    const after = world.another()
    await after.outages.resume()
    const stored = await world.services.database.read((reader) => reader.select().from(announcements))
    expect(JSON.stringify(stored)).not.toContain('a-one')
  })

  test('says its last word, and no address of it in the log', async () => {
    answer = () => ours
    for (const name of ['a-one', 'b-two', 'c-three']) await begin(name)
    await live(MINUTE)
    const daily = new MailError('As much as we may (550 5.4.5)', {
      permanent: false,
      blame: 'us',
      lasting: true,
    })
    answer = () => daily
    await live(MINUTE)
    expect(await outages()).toMatchObject([{ reason: daily.message }])
  })

  test.each([1, 5, 20])('is over at once where %i of them are not needed any more', async (count) => {
    const people = []
    for (let index = 0; index < count; index++) people.push(await verified(world, `person-${index}`))
    answer = () => ours
    const denied = []
    for (const { api } of people) {
      const { id } = await api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
      await world.drain()
      denied.push(id)
    }
    await begin('late')
    await live(30 * MINUTE)
    expect(await outages()).toHaveLength(1)
    for (const id of denied) await decideOnly(world, id, 'deny', { silent: true })
    answer = () => null
    await live(35 * SECOND)
    expect(await outages()).toEqual([])
    expect(world.mailbox.kinds('late@mail.test')).toEqual(['verification'])
  })

  test('is over though one of them waits for what becomes of a decision', async () => {
    await world.dispose()
    world = await aWorld({ moderation: { ...aConfig().moderation, undoMs: 60 * MINUTE } })
    const { api, email } = await verified(world, 'river')
    const { send } = world.mailbox
    world.mailbox.send = () => Promise.reject(ours)
    const { id } = await api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    await live(MINUTE)
    await decideOnly(world, id, 'deny', { silent: true })
    expect(await outages()).toHaveLength(1)
    world.mailbox.send = send.bind(world.mailbox)
    await live(MINUTE)
    expect(await outages()).toEqual([])
    expect(world.mailbox.kinds(email)).not.toContain('requested')
  })

  test('is over when no mail waits for it any more', async () => {
    answer = () => ours
    await begin('river')
    await live(MINUTE)
    expect(await outages()).toHaveLength(1)
    world.pass(15 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    await live(MINUTE)
    expect(await outages()).toEqual([])
  })
})

describe('a mail that is refused alone', () => {
  const spam = ({ to }: Letter) => (to[0]?.endsWith('@strict.test') === true ? ours : null)

  test('holds up no other one, is no outage, and is given up after a day with a way to retry', async () => {
    answer = spam
    await begin('river', 'river@strict.test')
    await begin('lake')
    await live(5 * MINUTE)
    expect(world.mailbox.kinds('lake@mail.test')).toEqual(['verification'])
    for (let hour = 0; hour < 26; hour++) {
      await begin(`more${hour}`)
      await live(60 * MINUTE, 10 * MINUTE)
      expect(await outages()).toEqual([])
    }
    const { items } = await (await moderation()).queue({ tab: 'all', q: 'river' })
    const job = await mailOf(items[0]?.id ?? '', 'verification')
    expect(job).toMatchObject({ state: 'failed', error: ours.message })
    answer = () => null
    await (await moderation()).retryJob({ job: job?.id ?? '' })
    await world.drain()
    expect(world.mailbox.kinds('river@strict.test')).toEqual(['verification'])
  })

  test('holds up no other mail of the same person', async () => {
    const { view, email } = await requested(world, 'river')
    answer = ({ mail }) => (mail.kind === 'question' ? ours : null)
    const { api } = await aModerator(world.services)
    await api.conversation.ask({ id: view.id, text: 'Whom do you know?' })
    await world.drain()
    await decideOn(world, view.id, 'approve')
    expect(world.mailbox.kinds(email)).toContain('approved')
  })

  test('holds up no mail of people whom nobody knows here', async () => {
    answer = spam
    await aBrowser(world.services).api.registration.sendLink({ email: 'river@strict.test' })
    await world.drain()
    await aBrowser(world.services).api.registration.sendLink({ email: 'lake@mail.test' })
    await world.drain()
    expect(world.mailbox.kinds('lake@mail.test')).toEqual(['unknown_address'])
  })
})

describe('receivers that do not exist', () => {
  test('end their mails, and are no outage', async () => {
    answer = ({ to }) => (to[0]?.startsWith('gone') === true ? unknown : null)
    for (const name of ['gone-one', 'gone-two', 'here', 'gone-three', 'gone-four', 'here-too']) {
      await begin(name)
      await live(10 * SECOND)
    }
    expect(await outages()).toEqual([])
    const { items } = await (await moderation()).queue({ tab: 'all', q: 'gone-one' })
    expect(await mailOf(items[0]?.id ?? '', 'verification')).toMatchObject({ state: 'failed' })
  })

  test('three in a row are the server’s fault: all wait, and go out when it is mended', async () => {
    answer = () => unknown
    for (const name of ['a-one', 'b-two', 'c-three', 'd-four']) {
      await begin(name)
      await live(10 * SECOND)
    }
    await live(MINUTE)
    const [outage] = await outages()
    expect(outage?.reason).toContain('email.host')
    expect(outage).toMatchObject({ server: 'mail', waiting: 4 })
    answer = () => null
    await live(MINUTE)
    expect(await outages()).toEqual([])
    for (const name of ['a-one', 'b-two', 'c-three', 'd-four'])
      expect(world.mailbox.kinds(`${name}@mail.test`)).toEqual(['verification'])
  })

  test('who is still unknown after another mail was taken is so, and begins no outage again', async () => {
    answer = ({ to }) => (to[0]?.startsWith('gone') === true ? unknown : null)
    for (const name of ['gone-one', 'gone-two', 'gone-three']) await begin(name)
    await live(10 * SECOND)
    expect(await outages()).toHaveLength(1)
    await begin('here')
    await live(MINUTE)
    expect(world.mailbox.kinds('here@mail.test')).toEqual(['verification'])
    expect(await outages()).toEqual([])
    const { items } = await (await moderation()).queue({ tab: 'all', q: 'gone-one' })
    expect(await mailOf(items[0]?.id ?? '', 'verification')).toMatchObject({
      state: 'failed',
      error: unknown.message,
    })
  })
})

describe('a mail to several addresses of the operator', () => {
  test('goes again to those alone that were put off, and to nobody twice', async () => {
    await world.dispose()
    const operators = ['one@example.test', 'slow@example.test', 'three@example.test']
    world = await aWorld({ admin: { email: operators } })
    const { send } = world.mailbox
    let putOff = true
    world.mailbox.send = async (letter) => {
      const remaining = putOff && letter.to.includes('slow@example.test') ? ['slow@example.test'] : []
      const to = letter.to.filter((address) => !remaining.includes(address))
      if (to.length > 0) await send.call(world.mailbox, { ...letter, to })
      if (remaining.length > 0)
        throw new MailError('Come back later (450)', {
          permanent: false,
          ...(to.length > 0 ? { remaining } : { blame: 'us', lasting: false }),
        })
    }
    await requested(world, 'river')
    await live(5 * MINUTE)
    const told = (email: string) =>
      world.mailbox.kinds(email).filter((kind) => kind === 'moderators_waiting').length
    expect(operators.map(told)).toEqual([1, 0, 1])
    const stuck = await (await moderation()).stuck()
    expect(stuck).toMatchObject([{ kind: 'notify_moderators', state: 'waiting' }])
    putOff = false
    await live(10 * MINUTE)
    expect(operators.map(told)).toEqual([1, 1, 1])
    expect(await (await moderation()).stuck()).toEqual([])
  })
})

const openJobs = () => world.database.read((reader) => countJobs(reader))

describe('at the desk', () => {
  test('a mistyped address that asked for its link is deleted with the email that it refused', async () => {
    answer = () => unknown
    await aBrowser(world.services).api.registration.sendLink({ email: 'mistyped@mail.test' })
    await world.drain()
    const kept = () =>
      world.database.read((reader) => reader.$count(jobs, sql`${jobs.payload} like '%mistyped%'`))
    expect(await kept()).toBe(1)
    world.pass(2 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await kept()).toBe(0)
  })

  test('who only began, and mistyped the address, is in no trouble; who confirmed it and is refused is', async () => {
    const { view } = await requested(world, 'river')
    answer = ({ to }) => (to[0]?.startsWith('mistyped') === true ? unknown : null)
    await begin('lake', 'mistyped@mail.test')
    await aBrowser(world.services).api.registration.sendLink({ email: 'mistyped-too@mail.test' })
    await world.drain()
    const api = await moderation()
    const { items, counts } = await api.queue({ tab: 'all', q: 'lake' })
    expect(items).toMatchObject([{ username: 'lake', trouble: false }])
    expect(counts.trouble).toBe(0)
    expect((await api.queue({ tab: 'trouble' })).items).toEqual([])
    expect((await api.queue({ tab: 'trouble', q: 'lake' })).items).toEqual([])
    expect(await api.registration({ id: items[0]?.id ?? '' })).toMatchObject({ trouble: false })
    expect(await api.stuck()).toEqual([])
    expect(await api.failures()).toEqual([])
    // Nor for the operator, whose alert and whose doctor point to that page.
    expect((await openJobs()).filter(({ state }) => state === 'failed')).toEqual([])

    answer = ({ mail }) => (mail.kind === 'denied' ? unknown : null)
    await decideOn(world, view.id, 'deny')
    expect((await api.queue({ tab: 'trouble' })).items).toMatchObject([{ username: 'river', trouble: true }])
    expect((await api.queue({ tab: 'all' })).counts.trouble).toBe(1)
  })

  test('what failed for one reason is retried together, by a moderator, and that is written down', async () => {
    const names = ['a-one', 'b-two', 'c-three']
    const people = []
    for (const name of names) people.push(await requested(world, name))
    const other = await requested(world, 'other')
    const no = ({ to: [address = ''] }: Letter) =>
      new MailError(`No (550 5.1.1 <${address}>: gone)`, { permanent: true })
    answer = (letter) => (letter.mail.kind === 'denied' ? no(letter) : null)
    for (const { view } of people) await decideOn(world, view.id, 'deny')
    answer = (letter) =>
      letter.mail.kind === 'denied' ? new MailError('Something else', { permanent: true }) : null
    await decideOn(world, other.view.id, 'deny')
    const { api, id } = await aModerator(world.services)
    const [failure, ...more] = await api.moderation.failures()
    expect(failure).toMatchObject({ count: 3, kinds: ['mail'] })
    expect(more).toEqual([])
    answer = () => null
    expect(await api.moderation.retryAlike({ job: failure?.job ?? '' })).toEqual({ count: 3 })
    await world.drain()
    for (const { email, view } of people) {
      expect(world.mailbox.kinds(email)).toContain('denied')
      const { events } = await api.moderation.registration({ id: view.id })
      expect(events.find(({ kind }) => kind === 'job_retried')).toMatchObject({ actor: 'moderator' })
    }
    expect(world.mailbox.kinds(other.email)).not.toContain('denied')
    expect(id).toBeTruthy()
    expect(await codeOf(api.moderation.retryAlike({ job: failure?.job ?? '' }))).toBe('job_not_waiting')
    const visitor = aBrowser(world.services).api.moderation
    expect(await codeOf(visitor.retryAlike({ job: failure?.job ?? '' }))).toBe('not_signed_in')
  })

  test('monitors hear on /readyz that no mail goes out, and the log why, without anybody’s address', async () => {
    const { database, outages: watched } = world.services
    const lines: object[] = []
    const log = { warn: (line: object) => void lines.push(line), info: () => undefined }
    const health = createHealth({ database, outages: watched, log })
    expect((await health('/readyz'))?.status).toBe(200)
    const told = new MailError('It refuses our sender (553 <river@mail.test>: no)', {
      permanent: false,
      blame: 'us',
      lasting: true,
    })
    answer = () => told
    for (const name of names(3)) await begin(name)
    await world.drain()
    const later = createHealth({ database, outages: watched, log })
    const response = await later('/readyz')
    expect(response?.status).toBe(503)
    expect(await response?.json()).toEqual({ database: 'ok', homeserver: 'ok', mail: 'out' })
    expect(lines).toMatchObject([{ why: { mail: 'It refuses our sender (553 <[address]>: no)' } }])
  })
})

const names = (count: number) => Array.from({ length: count }, (_, index) => `person-${index}`)
