import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, MODERATOR, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { JSON_BODY, signedIn, start } from './people'

/** As an operator has it who set nothing, behind a proxy, while programs come. */
let site: Site
beforeAll(async () => {
  site = await startSite({
    config: { rate_limit: {}, trust_proxy: true, registration: { proof_of_work: 'on' } },
  })
}, 60_000)
afterAll(() => site.stop())

/** A browser in a network of its own. */
const from = (address: string) => aVisitor(site.url, undefined, { 'x-forwarded-for': address })
const network = (index: number) => `10.${index >> 8}.${index & 255}.1`
const call = (address: string, path: string, input: unknown) =>
  from(address).send('POST', `/trpc/${path}`, JSON_BODY, JSON.stringify(input))
const unknown = (index: number) => `${index.toString(36).padStart(42, 'x')}A`

test('200 made-up links keep nobody from their own, also in the network that sends them', async () => {
  await start(site, 'honest', 'honest@mail.test')
  const link = new URL(linkIn(await site.mail.next('honest@mail.test'), '/register/verify/')).pathname
  const made = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      call(index % 2 === 0 ? '127.0.0.1' : network(index), 'verification.confirm', { token: unknown(index) }),
    ),
  )
  expect(new Set(made.map(({ status }) => status))).toEqual(new Set([404, 429]))
  const person = aVisitor(site.url)
  const confirmed = await person.submit(await person.get(link), {})
  expect(confirmed.status).toBe(200)
  expect(confirmed.path).toMatch(/^\/register\/account/)
})

test('51 requests without a proof keep nobody without JavaScript away', async () => {
  const strangers = await Promise.all(
    Array.from({ length: 51 }, (_, index) =>
      call(network(2_000 + index), 'registration.start', {
        username: `stranger${index}`,
        email: `s${index}@mail.test`,
        ...(index % 2 === 0 ? { trap: 'x' } : {}),
      }),
    ),
  )
  expect(strangers.filter(({ status }) => status === 200).length).toBeGreaterThan(20)
  const person = from('10.99.1.1')
  await person.submit(await person.get('/register'), { username: 'plainly' })
  const sent = await person.submit(await person.get('/register/email'), { email: 'plainly@mail.test' })
  expect(sent.status).toBe(200)
  expect(linkIn(await site.mail.next('plainly@mail.test'), '/register/verify/')).toBeTruthy()
})

// Fewer than would fill the room that all pages share: here it is the queue of passwords that is full.
test('200 sign-ins at once are worked off a few at a time: pages come, and nobody is locked out', async () => {
  const own = await signedIn(site)
  const guesses = Array.from({ length: 200 }, (_, index) =>
    call(network(5_000 + index), 'session.signIn', {
      username: MODERATOR.username,
      password: `guess ${index}`,
    }),
  )
  const page = from('10.98.1.1').get('/register')
  own.cookies.delete('session')
  const back = own.get('/admin/login').then((login) => own.submit(login, MODERATOR))
  expect((await page).status).toBe(200)
  expect((await back).path).toBe('/admin')
  const answers = await Promise.all(guesses)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 503]))
  const busy = answers.find(({ status }) => status === 503)
  expect(busy?.headers['retry-after']).toBe('5')
  expect((await own.get('/admin')).body).toContain('than we let through at once')
  const elsewhere = from('10.97.1.1')
  expect((await elsewhere.submit(await elsewhere.get('/admin/login'), MODERATOR)).path).toBe('/admin')
})
