import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { insertJob } from '$lib/server/database/jobs'
import { HomeserverError } from '$lib/server/homeserver/homeserver'
import { MailError } from '$lib/server/mail/mail'
import { textOf, valuesOf } from '$lib/server/metrics/exposition'
import { createStoredMetrics } from '$lib/server/metrics/stored'
import { HOUR, MINUTE } from '$lib/registration/time'
import { decideOn } from '../support/decide'
import { codeOf } from '../support/code-of'
import { username } from '../support/registration'
import {
  aBrowser,
  aForm,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

/** All values that are not zero of what Prometheus would read now, by name and labels. */
async function scrape(metrics = world.services): Promise<Record<string, number>> {
  const own = await valuesOf([metrics.metrics.registry])
  const stored = await valuesOf(await metrics.storedMetrics.current())
  const text = await textOf([{ worker: null, taken: { own, stored } }])
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const values = lines.map((line): [string, number] => {
    const [, name = '', value = ''] = /^(.*) (\S+)$/.exec(line) ?? []
    return [name, Number(value)]
  })
  return Object.fromEntries(values.filter(([name, value]) => value !== 0 || !name.includes('{')))
}

test('what is refused is there before its first time, with every label', async () => {
  const { registry } = world.services.metrics
  const labels = async (name: string) => {
    const found = (await valuesOf([registry])).find((metric) => metric.name === name)
    expect(found?.values.every(({ value }) => value === 0)).toBe(true)
    return found?.values.flatMap((value) => Object.values(value.labels))
  }
  expect(await labels('registration_refusals_total')).toEqual(
    expect.arrayContaining(['sign_in_failed', 'link_broken', 'username_missing', 'code_note_too_long']),
  )
  expect(await labels('registration_shared_limit_refusals_total')).toEqual(
    expect.arrayContaining(['name_check', 'mail_trapped', 'sign_in']),
  )
  expect(await labels('registration_http_refused_requests_total')).toEqual(
    expect.arrayContaining(['unknown_host', 'batch', 'busy']),
  )
})

describe('what the database knows', () => {
  test('is counted by state, with how long the oldest waits for moderators', async () => {
    expect(await scrape()).toMatchObject({
      registration_database_up: 1,
      registration_oldest_request_wait_seconds: 0,
      registration_oldest_due_job_seconds: 0,
    })
    await aBrowser(world.services).api.registration.start({ username: 'began', email: 'began@mail.test' })
    await verified(world, 'proved')
    const asked = await requested(world, 'asked')
    world.pass(HOUR)
    const answered = await requested(world, 'answered')
    world.pass(HOUR)
    await requested(world, 'waiting')
    await decideOn(world, (await requested(world, 'welcome')).view.id, 'approve')
    await decideOn(world, (await requested(world, 'unwelcome')).view.id, 'deny')
    const gone = await requested(world, 'gone')
    await gone.api.registration.withdraw({})
    const { api } = await aModerator(world.services)
    for (const { view } of [asked, answered])
      await api.conversation.ask({ id: view.id, text: 'Who are you?' })
    await answered.api.registration.answer({ text: 'A friend.' })
    await world.drain()
    world.pass(MINUTE)
    expect(await scrape()).toMatchObject({
      'registration_registrations{state="started"}': 1,
      'registration_registrations{state="verified"}': 1,
      'registration_registrations{state="requested"}': 3,
      'registration_registrations{state="denied"}': 1,
      'registration_registrations{state="withdrawn"}': 1,
      'registration_registrations{state="completed"}': 1,
      'registration_queue_requests{queue="waiting"}': 1,
      'registration_queue_requests{queue="answered"}': 1,
      'registration_queue_requests{queue="asked"}': 1,
      registration_oldest_request_wait_seconds: (HOUR + MINUTE) / 1000,
    })
  })

  test('has jobs by kind and state, those of other versions too, and since when the oldest is due', async () => {
    await world.database.write((tx) =>
      insertJob(
        tx,
        { kind: 'lock_account', username: username('river') },
        {
          ...{ id: 'j-1', registrationId: null, now: world.now(), rest: 0 },
        },
      ),
    )
    await world.database.write(async (tx) => {
      await tx.run(
        "insert into jobs (id, lane, kind, payload, state, run_at, created_at) values ('j-2', 'x', 'fly', '{}', 'failed', 1, 1)",
      )
      await tx.run(
        "insert into jobs (id, lane, kind, payload, state, run_at, created_at) values ('j-3', 'x', 'welcome', '{}', 'done', 1, 1)",
      )
    })
    world.pass(MINUTE)
    const found = await scrape()
    expect(Object.entries(found).filter(([name]) => name.startsWith('registration_jobs{'))).toEqual([
      ['registration_jobs{kind="lock_account",state="waiting"}', 1],
      ['registration_jobs{kind="unknown",state="failed"}', 1],
    ])
    expect(found.registration_oldest_due_job_seconds).toBe(60)
    await world.drain()
    expect((await scrape()).registration_oldest_due_job_seconds).toBe(0)
  })

  test('tells of outages as long as they last, and counts the mails', async () => {
    world.mailbox.refuse = new MailError('No answer', { permanent: false, outage: true })
    await aBrowser(world.services).api.registration.start({ username: 'river', email: 'river@mail.test' })
    for (let passed = 0; passed < 5; passed++) {
      await world.drain()
      world.pass(MINUTE)
    }
    const out = await scrape()
    expect(out['registration_outage_seconds{server="mail"}']).toBeGreaterThan(60)
    expect(out['registration_mails_total{mail="verification",outcome="postponed"}']).toBeGreaterThan(2)
    world.mailbox.refuse = null
    await world.drain()
    const back = await scrape()
    expect(back['registration_outage_seconds{server="mail"}']).toBeUndefined()
    expect(back['registration_mails_total{mail="verification",outcome="handed_over"}']).toBe(1)
  })

  test.each([
    ['fails', () => Promise.reject(new Error('The disk is gone'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ])('is left out while the database %s, and the log says so', async (_, read) => {
    const told: string[] = []
    const stored = createStoredMetrics({
      database: { read },
      outages: world.services.outages,
      clock: world.now,
      log: { warn: (_, words) => void told.push(words) },
      patienceMs: 50,
    })
    const text = await textOf([
      { worker: null, taken: { own: [], stored: await valuesOf(await stored.current()) } },
    ])
    expect(text.split('\n').filter((line) => /^\w/.test(line))).toEqual(['registration_database_up 0'])
    expect(told).toEqual([expect.stringContaining('could not be read')])
  })
})

describe('what is counted', () => {
  test('has decisions with the time that they took; none for one that changes another', async () => {
    const river = await requested(world, 'river')
    world.pass(2 * HOUR)
    await decideOn(world, river.view.id, 'deny')
    const { api } = await aModerator(world.services)
    world.pass(HOUR)
    const { version } = await api.moderation.registration({ id: river.view.id })
    await api.conversation.reopen({ id: river.view.id, version, message: '' })
    expect(
      await codeOf(
        api.moderation.decide({ id: river.view.id, version, decision: 'deny', message: '', silent: false }),
      ),
    ).toBe('already_decided')
    expect(await scrape()).toMatchObject({
      'registration_decisions_total{verdict="denied",by="moderator"}': 1,
      'registration_decisions_total{verdict="approved",by="moderator"}': 1,
      'registration_decision_wait_seconds_sum{verdict="denied"}': 7200,
      'registration_decision_wait_seconds_count{verdict="denied"}': 1,
      'registration_refusals_total{code="already_decided"}': 1,
    })
    expect(await scrape()).not.toHaveProperty('registration_decision_wait_seconds_count{verdict="approved"}')
  })

  test('has an approval by an invitation, which no moderator waited with', async () => {
    await world.dispose()
    world = await aWorld({ registration: { ...world.config.registration, invitations: 'optional' } })
    const ada = await aModerator(world.services, 'ada', 'administrator')
    const { code } = await ada.api.invitations.make({ note: '', uses: '', days: '', skipReview: true })
    const browser = aBrowser(world.services)
    await browser.api.registration.start({
      username: 'guest',
      email: 'guest@mail.test',
      invitation: code,
      proof: await aForm(world),
    })
    await world.drain()
    const { link } = world.mailbox.last('guest@mail.test', 'verification')
    await browser.api.verification.confirm({ token: tokenIn(link) })
    await browser.api.registration.request({
      password: PASSWORD,
      reason: REASON,
      legal: true,
    })
    const found = await scrape()
    expect(found).toMatchObject({ 'registration_decisions_total{verdict="approved",by="invitation"}': 1 })
    expect(found).not.toHaveProperty('registration_decision_wait_seconds_count{verdict="approved"}')
  })

  test('has calls of the homeserver by what was asked, and how they ended', async () => {
    await requested(world, 'river')
    const failing = world.services.metrics.measured({
      lock: () => Promise.reject(new HomeserverError('limited', 'Too fast', { permanent: false })),
      open: () => Promise.reject(new TypeError('A bug')),
    })
    await expect(failing.lock()).rejects.toThrow('Too fast')
    await expect(failing.open()).rejects.toThrow('A bug')
    const found = await scrape()
    expect(found).toMatchObject({
      'registration_homeserver_call_duration_seconds_count{call="lock",outcome="limited"}': 1,
      'registration_homeserver_call_duration_seconds_count{call="open",outcome="error"}': 1,
      'registration_homeserver_call_duration_seconds_count{call="claim",outcome="done"}': 1,
      'registration_homeserver_call_duration_seconds_count{call="lock",outcome="done"}': 1,
    })
  })

  test('has no label that a stranger chooses', async () => {
    world.services.metrics.answered({ method: 'BREW', route: '/register', status: 405, ms: 5 })
    expect(await scrape()).toMatchObject({
      'registration_http_requests_total{method="other",route="/register",status="405"}': 1,
      'registration_http_request_duration_seconds_bucket{le="0.005",method="other",route="/register"}': 1,
    })
  })
})

describe('several processes', () => {
  test('are told apart by their numbers, and what the database knows is there once', async () => {
    const { metrics, storedMetrics } = world.services
    metrics.refused('stale')
    const another = world.another().metrics
    another.refused('stale')
    another.refused('stale')
    const text = await textOf([
      {
        worker: 1,
        taken: {
          own: await valuesOf([metrics.registry]),
          stored: await valuesOf(await storedMetrics.current()),
        },
      },
      { worker: 3, taken: { own: await valuesOf([another.registry]), stored: [] } },
    ])
    expect(text).toContain('registration_refusals_total{code="stale",worker="1"} 1\n')
    expect(text).toContain('registration_refusals_total{code="stale",worker="3"} 2\n')
    expect(text.match(/^# TYPE registration_refusals_total /gm)).toHaveLength(1)
    expect(text).toMatch(/^registration_database_up 1$/m)
  })
})
