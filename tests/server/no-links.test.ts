import { afterEach, describe, expect, test } from 'vitest'
import { renderMail } from '$lib/server/mail/render'
import { decideOn } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  requested,
  type TestWorld,
  anAdminRoom,
} from '../support/world'

/** What strangers typed is no link in what this program writes to others. */
let world: TestWorld
afterEach(() => world.dispose())

const NAMES = ['www.evil.test', 'evil.test', 'john.smith', '10.0.0.1']
const ALL_NAMES = [...NAMES, 'www.evil.test/claim-your-account', 'evil/account']
const settings = { ...aConfig().registration, usernameCharacters: 'all' as const }
const room = anAdminRoom({ template: '{username}: {reason} ({email}) {admin_url}' })
const site = { name: 'Example', url: 'https://register.example.test', accent: '#138a5b', logoUrl: null }

/** All that an applicant's mail shows, without our own links. */
function shown({ mail, language }: TestWorld['mailbox']['letters'][number]): string[] {
  const { subject, html, text } = renderMail(mail, language, site)
  return [subject, html, text].map((part) =>
    part.replaceAll(/https:\/\/register\.example\.test[^\s"<]*/g, ''),
  )
}

describe.each(['en', 'de'] as const)('to an address that nobody has proven (%s)', (language) => {
  test.each(ALL_NAMES)('the mail does not say the name %s', async (username) => {
    world = await aWorld({ registration: settings })
    const { api } = aBrowser(world.services, { language })
    await api.registration.start({ username, email: 'victim@mail.test', proof: await aForm(world) })
    await api.registration.sendLink({ email: 'victim@mail.test', proof: await aForm(world, 'link') })
    await world.drain()
    expect(world.mailbox.letters.length).toBeGreaterThan(0)
    for (const letter of world.mailbox.letters)
      for (const part of shown(letter)) expect(part.toLowerCase()).not.toContain(username)
  })

  test('a name that is no link is said', async () => {
    world = await aWorld()
    const { api } = aBrowser(world.services, { language })
    await api.registration.start({
      username: 'river-stone',
      email: 'river@mail.test',
      proof: await aForm(world),
    })
    await world.drain()
    expect(
      shown(world.mailbox.letters[0] ?? expect.unreachable()).every((part) => part.includes('@river-stone')),
    ).toBe(true)
  })
})

test.each(['www.evil.test', 'evil.com', '10.0.0.1'])(
  'nor is the moderator %s a link in an email to an address that nobody has proven',
  async (username) => {
    world = await aWorld()
    const { api } = await aModerator(world.services, username, 'administrator')
    await api.moderators.invite({ email: 'invited@mail.test', role: 'moderator' })
    await api.account.askAddress({ email: 'other@mail.test' })
    await world.drain()
    expect(world.mailbox.letters.map(({ mail }) => mail.kind).sort()).toEqual([
      'confirm_moderator',
      'invitation',
    ])
    for (const letter of world.mailbox.letters) {
      for (const part of shown(letter)) expect(part).not.toContain(username)
      expect(shown(letter).join('')).toContain(username.replaceAll('.', '[.]'))
    }
  },
)

test.each(NAMES)(
  'moderators read of %s in mails and in their room, and nothing of it is a link',
  async (username) => {
    world = await aWorld({ registration: settings, matrixNotifications: { adminRoom: room, welcome: null } })
    const { api } = await requested(world, username, 'river@mail.test')
    await api.registration.current()
    const letters = world.mailbox.letters.filter(({ mail }) => mail.kind === 'moderators_waiting')
    expect(letters).toHaveLength(1)
    const messages = world.standIn.room(room.room)?.messages ?? []
    expect(messages).toHaveLength(1)
    const parts = [...letters.flatMap(shown), JSON.stringify(messages.map(({ content }) => content))]
    for (const part of parts) expect(part).not.toContain(username)
    expect(parts.join('\n')).toContain(username.replaceAll('.', '[.]'))
    expect(messages[0]?.content).toMatchObject({ 'm.mentions': {} })
  },
)

test('nor of what an applicant wrote, and of an address that looks like a page', async () => {
  world = await aWorld({ matrixNotifications: { adminRoom: room, welcome: null } })
  const email = 'www.evil.test/x@mail.test'
  const browser = aBrowser(world.services)
  await browser.api.registration.start({ username: 'river', email, proof: await aForm(world) })
  await world.drain()
  const { link } = world.mailbox.last(email, 'verification')
  await browser.api.verification.confirm({ token: link.split('/').at(-1) ?? '' })
  const reason = 'I was sent here by https://evil.test/claim and www.evil.test, @room, and like your server.'
  await browser.api.registration.request({ password: 'a pass phrase of some length', reason, legal: true })
  await world.drain()
  const [message] = world.standIn.room(room.room)?.messages ?? []
  const body = JSON.stringify(message?.content)
  expect(body).not.toMatch(/evil\.test|https:\/\/evil/)
  expect(body).toContain('https[:]//evil[.]test/claim')
  expect(message?.content).toMatchObject({ 'm.mentions': {} })
})

test.each([
  ['a room that others read', '#lobby:example.test', '@john[.]smith:example.test'],
  ['a chat with them alone', null, '@john.smith:example.test'],
])('a welcome in %s names them %s', async (_, where, named) => {
  const welcome = { room: where, template: 'Welcome @{username}:{matrix_domain}!' }
  world = await aWorld({ matrixNotifications: { adminRoom: null, welcome } })
  const { view } = await requested(world, 'john.smith', 'john@mail.test')
  await decideOn(world, view.id, 'approve')
  const bodies = [...world.standIn.rooms.values()].flatMap(({ messages }) =>
    messages.map(({ content }) => content),
  )
  expect(JSON.stringify(bodies)).toContain(named)
})
