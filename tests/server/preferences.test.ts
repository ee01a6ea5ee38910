import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { POST } from '../../src/routes/preferences/+server'
import { DAY } from '$lib/registration/time'
import { aBrowser, aWorld, requested, tokenIn, verified, type TestWorld } from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const languageOf = async (id: string) => (await world.services.registrar.find(id))?.language

/** Chooses German on a page of this browser, which shows a registration; returns where it leads. */
async function choose({ api }: ReturnType<typeof aBrowser>, back: string, shown: string): Promise<string> {
  const body = new URLSearchParams({ language: 'de', back, shown })
  const request = new Request('http://localhost/preferences', { method: 'POST', body })
  const event = { request, cookies: { set: () => undefined }, locals: { api, site: { secure: true } } }
  const led: unknown = await Promise.resolve(POST(event as never)).catch((error: unknown) => error)
  return led !== null && typeof led === 'object' && 'location' in led ? String(led.location) : ''
}

describe('emails follow the language of the page that shows their registration', () => {
  test.each([
    ['that of the cookie', 'own', () => '/register/status'],
    ['behind a status link, in any browser', 'none', (token: string) => `/register/status/${token}`],
    ['behind it, in another one’s browser', 'other', (token: string) => `/register/status/${token}?earlier`],
    ['behind a link that is none any more', 'own', () => '/register/status/gone'],
  ] as const)('%s', async (_, whose, pathTo) => {
    const anna = await requested(world, 'anna')
    const token = await world.services.links.mintLink(await registrationOf(anna.view.id), 'status', null)
    const back = pathTo(token)
    const browser =
      whose === 'own' ? anna : whose === 'none' ? aBrowser(world.services) : await verified(world, 'bert')
    expect(await choose(browser, back, anna.view.shown)).toBe(back)
    expect(await languageOf(anna.view.id)).toBe('de')
  })

  test('behind the link that confirmed the email', async () => {
    const anna = await verified(world, 'anna')
    const back = `/register/verify/${tokenIn(world.mailbox.last(anna.email, 'verification').link)}?in`
    expect(await choose(aBrowser(world.services), back, anna.view.shown)).toBe(back)
    expect(await languageOf(anna.view.id)).toBe('de')
  })
})

describe('emails follow the language of the page with a link’s button', () => {
  async function mailed() {
    const { api } = aBrowser(world.services)
    await api.registration.start({ username: 'anna', email: 'anna@mail.test' })
    await world.drain()
    return tokenIn(world.mailbox.last('anna@mail.test', 'verification').link)
  }

  test('that confirms, once', async () => {
    const token = await mailed()
    const { id } = await aBrowser(world.services, { language: 'de' }).api.verification.confirm({ token })
    expect(await languageOf(id)).toBe('de')
    await aBrowser(world.services).api.verification.confirm({ token })
    expect(await languageOf(id)).toBe('de')
  })

  test('that sends a new one in place of the expired one', async () => {
    const token = await mailed()
    world.pass(DAY)
    await aBrowser(world.services, { language: 'de' }).api.verification.renew({ token })
    await world.drain()
    expect(world.mailbox.letters.map(({ language }) => language)).toEqual(['en', 'de'])
  })
})

describe('nobody else’s emails do', () => {
  test('behind a link of another one than the page showed', async () => {
    const [anna, bert] = [await requested(world, 'anna'), await requested(world, 'bert')]
    const token = await world.services.links.mintLink(await registrationOf(bert.view.id), 'status', null)
    const back = `/register/status/${token}`
    const led = await choose(aBrowser(world.services), back, anna.view.shown)
    expect(led).toBe(`${back}?${new URLSearchParams({ shown: anna.view.shown }).toString()}`)
    for (const { view } of [anna, bert]) expect(await languageOf(view.id)).toBe('en')
  })

  test('with a link that is none', async () => {
    const anna = await requested(world, 'anna')
    for (const back of ['/register/status/gone', '/register/status', '/register/verify/gone'])
      expect(await choose(aBrowser(world.services), back, anna.view.shown)).toBe(back)
    expect(await languageOf(anna.view.id)).toBe('en')
  })
})

async function registrationOf(id: string) {
  const found = await world.services.registrar.find(id)
  if (found === null) throw new Error('There is none')
  return found
}
