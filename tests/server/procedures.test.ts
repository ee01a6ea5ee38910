import { TRPCError } from '@trpc/server'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SignedInModerator } from '$lib/server/auth/sessions'
import { events } from '$lib/server/database/schema'
import { HomeserverError } from '$lib/server/homeserver/homeserver'
import type { Context } from '$lib/server/trpc/context'
import { refusalError } from '$lib/server/trpc/refusal-error'
import {
  applicantProcedure,
  createCallerFactory,
  latelyProcedure,
  moderatorProcedure,
  permittedProcedure,
  procedure,
  router,
  signedInProcedure,
} from '$lib/server/trpc/t'
import { codeOf } from '../support/code-of'
import { aWorld, tokenIn, verified, type TestWorld } from '../support/world'

/** What each kind of procedure asks before it does anything, whatever stands behind it. */
let toThrow: unknown
const fails = procedure.query(() => {
  throw toThrow
})
const probe = router({
  anybody: procedure.query(() => 'in'),
  signedIn: signedInProcedure.query(() => 'in'),
  lately: latelyProcedure.query(() => 'in'),
  moderator: moderatorProcedure.query(() => 'in'),
  administrator: permittedProcedure('manage-moderators').query(() => 'in'),
  own: applicantProcedure().query(({ ctx }) => [ctx.registration.id, ctx.link]),
  linked: applicantProcedure('verification').query(({ ctx }) => [ctx.registration.id, ctx.link]),
  status: applicantProcedure('status').query(() => 'in'),
  registration: router({ start: fails }),
})

let world: TestWorld
let anna: Awaited<ReturnType<typeof verified>>
let bert: Awaited<ReturnType<typeof verified>>
beforeAll(async () => {
  world = await aWorld()
  anna = await verified(world, 'anna')
  bert = await verified(world, 'bert')
})
afterAll(() => world.dispose())

/** What the context was told meanwhile. */
let said: unknown[]
function call(moderator: SignedInModerator | null, jar = new Map<string, string>()) {
  said = []
  const services: Context['services'] = {
    ...world.services,
    logFailure: (path, error) => said.push(['log', path, error]) > 0,
    tallyCounter: { ...world.services.tallyCounter, count: (name) => void said.push(['count', name]) },
  }
  return createCallerFactory(probe)({
    services,
    clientAddress: '203.0.113.7',
    language: 'en',
    cookies: { get: (name) => jar.get(name), set: () => {}, delete: () => {} },
    moderator,
    comeAgain: (seconds) => void said.push(['wait', seconds]),
  })
}
const ada: SignedInModerator = {
  id: 'm1',
  username: 'ada',
  role: 'administrator',
  shortcuts: true,
  lately: true,
}
const refusedAccess = () =>
  world.database.read((reader) => reader.select().from(events).where(eq(events.kind, 'access_refused')))

describe('who is let in', () => {
  const NOBODY = 'not_signed_in'
  const FACTOR = 'second_factor_needed'
  test.each<[string, SignedInModerator | null, string[]]>([
    ['nobody', null, ['done', NOBODY, NOBODY, NOBODY, NOBODY]],
    ['an administrator', ada, ['done', 'done', 'done', 'done', 'done']],
    [
      'one who signed in long ago',
      { ...ada, lately: false },
      ['done', 'done', 'sign_in_again', 'done', 'done'],
    ],
    ['one without a second factor', { ...ada, mustSetUp: true }, ['done', 'done', 'done', FACTOR, FACTOR]],
    ['one who has set it up', { ...ada, mustSetUp: false }, ['done', 'done', 'done', 'done', 'done']],
    ['a moderator', { ...ada, role: 'moderator' }, ['done', 'done', 'done', 'done', 'role_too_low']],
  ])('%s', async (_, moderator, codes) => {
    const before = (await refusedAccess()).length
    const { anybody, signedIn, lately, moderator: desk, administrator } = call(moderator)
    const found: string[] = []
    for (const enter of [anybody, signedIn, lately, desk, administrator]) found.push(await codeOf(enter()))
    expect(found).toEqual(codes)
    const noted = (await refusedAccess()).slice(before)
    expect(noted.map(({ moderatorId, detail }) => [moderatorId, detail])).toEqual(
      codes.includes('role_too_low') ? [['m1', { path: 'administrator' }]] : [],
    )
  })
})

describe('for whom an applicant’s call acts', () => {
  const link = ({ email }: typeof anna) => tokenIn(world.mailbox.last(email, 'verification').link)

  test('the browser’s own, as its page shows it, and nobody else', async () => {
    const own = (shown?: string) => call(null, anna.jar).own({ shown })
    expect(await own(anna.view.shown)).toEqual([anna.view.id, null])
    for (const shown of [undefined, '', bert.view.shown])
      expect(await codeOf(own(shown))).toBe('other_registration')
    expect(await codeOf(call(null).own({ shown: anna.view.shown }))).toBe('no_registration')
    const unknown = new Map([...anna.jar.keys()].map((name) => [name, link(anna)]))
    expect(await codeOf(call(null, unknown).own({ shown: anna.view.shown }))).toBe('no_registration')
  })

  test('the link’s, whatever the browser holds, and what the page says has to fit', async () => {
    const token = link(bert)
    const { linked, status } = call(null, anna.jar)
    expect(await linked({ token })).toEqual([bert.view.id, 'verification'])
    expect(await linked({ token, shown: bert.view.shown })).toEqual([bert.view.id, 'verification'])
    expect(await codeOf(linked({ token, shown: anna.view.shown }))).toBe('other_registration')
    expect(await codeOf(status({ token }))).toBe('link_broken')
    for (const broken of ['', 'x', `${token}x`])
      expect(await codeOf(linked({ token: broken }))).toBe('link_broken')
  })
})

describe('what goes wrong', () => {
  const start = async (error: unknown) => {
    toThrow = error
    const thrown: unknown = await call(null)
      .registration.start()
      .catch((caught: unknown) => caught)
    if (!(thrown instanceof TRPCError)) throw new Error('Nothing was thrown')
    return thrown
  }
  const shape = (error: TRPCError) =>
    probe.getErrorShape({
      error,
      type: 'query',
      path: 'registration.start',
      input: undefined,
      ctx: undefined,
    })

  test('is a refusal: counted, with when to come again, and sent as it is', async () => {
    const error = await start(refusalError({ ok: false, refusal: { code: 'too_busy' } }))
    expect(said).toContainEqual(['count', 'refused:email:too_busy'])
    expect(said).toContainEqual(['wait', 5])
    expect(said.map((one) => Array.isArray(one) && one[0])).toEqual(['count', 'wait', 'log'])
    expect(shape(error).data).toEqual({
      code: 'BAD_REQUEST',
      httpStatus: 503,
      refusal: { code: 'too_busy' },
    })
    const taken = await start(refusalError({ ok: false, refusal: { code: 'username_taken' } }))
    expect(shape(taken).data).toMatchObject({ code: 'CONFLICT', httpStatus: 409 })
    expect(said.map((one) => Array.isArray(one) && one[0])).toEqual(['count', 'log'])
  })

  test('is an outage: a refusal, and logged as what it was', async () => {
    const outage = new HomeserverError('unreachable', 'It is out', { permanent: false, outage: true })
    const call = start(outage)
    expect(await codeOf(call.then((error) => Promise.reject(error)))).toBe('homeserver_unavailable')
    expect(said).toEqual([
      ['count', 'refused:email:homeserver_unavailable'],
      ['log', 'registration.start', outage],
    ])
  })

  test('is a mistake of ours: logged, and nothing of it is told', async () => {
    const bug = new Error('a secret of ours')
    const error = await start(bug)
    expect(said).toEqual([['log', 'registration.start', bug]])
    expect(JSON.stringify(shape(error))).not.toContain('secret')
    expect(shape(error)).toMatchObject({
      message: 'Something went wrong here',
      data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 },
    })
  })

  test('is wrong input: told by its name alone', async () => {
    const error = await start(new TRPCError({ code: 'BAD_REQUEST', message: 'a secret of ours' }))
    expect(shape(error)).toMatchObject({
      message: 'BAD_REQUEST',
      data: { code: 'BAD_REQUEST', httpStatus: 400 },
    })
  })
})
