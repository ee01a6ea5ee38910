import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderMail } from '$lib/server/mail/render'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  requested,
  REASON,
  verified,
  type TestWorld,
} from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const greeting = {
  purpose: 'approve',
  title: ' Welcome  in ',
  texts: { en: 'Hello {name}, {{nice}} to have {matrixId} at {site}', de: '' },
} as const

describe('the replies', () => {
  test('are kept as they were written, with who changed them, and each change is in the audit trail', async () => {
    const { api } = await aModerator(world.services, 'mira')
    await api.replies.save(greeting)
    const [reply] = await api.replies.list()
    expect(reply).toMatchObject({
      title: 'Welcome in',
      texts: { en: greeting.texts.en },
      changedBy: 'mira',
      changedAt: world.now(),
    })
    const { id } = reply ?? { id: '' }
    await api.replies.save({ ...greeting, id, purpose: 'deny', texts: { en: '', de: 'Hallo' } })
    expect(await api.replies.list()).toMatchObject([{ id, purpose: 'deny', texts: { de: 'Hallo' } }])
    await api.replies.remove({ id })
    expect(await api.replies.list()).toEqual([])
    const kinds = await world.database.read((reader) =>
      reader.all<{ kind: string }>("select kind from events where kind like 'reply%' order by seq"),
    )
    expect(kinds.map(({ kind }) => kind)).toEqual(['reply_saved', 'reply_saved', 'reply_deleted'])
  })

  test('are filled in for a request, in its language, else in the other; a name is not filled in twice', async () => {
    const { api } = await aModerator(world.services)
    const river = await requested(world, 'river')
    const german = aBrowser(world.services, { language: 'de' })
    await german.api.registration.start({ username: 'bach', email: 'bach@mail.test' })
    await api.replies.save(greeting)
    await api.replies.save({ purpose: 'ask', title: 'B', texts: { en: 'Who?', de: 'Wer ist {name}?' } })
    const textsFor = async (id: string) => (await api.replies.offered({ id })).map(({ text }) => text).sort()
    expect(await textsFor(river.view.id)).toEqual([
      'Hello river, {nice} to have @river:example.test at Example',
      'Who?',
    ])
    const [bach] = (await api.moderation.queue({ tab: 'all' })).items.filter(
      ({ username }) => username === 'bach',
    )
    expect(await textsFor(bach?.id ?? '')).toEqual([
      'Hello bach, {nice} to have @bach:example.test at Example',
      'Wer ist bach?',
    ])
  })

  test('are refused with what is wrong, and nothing is kept', async () => {
    const { api } = await aModerator(world.services)
    const save = (change: object) => codeOf(api.replies.save({ ...greeting, ...change }))
    await expect(api.replies.save({ ...greeting, texts: { en: 'Hi {nmae}', de: '' } })).rejects.toMatchObject(
      { cause: { refusal: { code: 'reply_placeholder', placeholder: '{nmae}' } } },
    )
    expect(await save({ texts: { en: 'Hi', de: 'a } b' } })).toBe('reply_placeholder')
    expect(await save({ title: ' ' })).toBe('reply_title_missing')
    expect(await save({ title: 'x'.repeat(101) })).toBe('reply_title_too_long')
    expect(await save({ texts: { en: ' ', de: '' } })).toBe('text_missing')
    expect(await save({ texts: { en: 'x'.repeat(4001), de: '' } })).toBe('text_too_long')
    expect(await save({ id: 'forged' })).toBe('reply_gone')
    expect(await codeOf(api.replies.remove({ id: 'forged' }))).toBe('reply_gone')
    expect(await codeOf(aBrowser(world.services).api.replies.list())).toBe('not_signed_in')
    expect(await codeOf(aBrowser(world.services).api.replies.save(greeting))).toBe('not_signed_in')
    await expect(save({ texts: { en: 'x'.repeat(1_000_000), de: '' } })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    })
    expect(await api.replies.list()).toEqual([])
  })

  test('that a colleague changed meanwhile are not overwritten', async () => {
    const { api } = await aModerator(world.services)
    await api.replies.save(greeting)
    const [{ id = '', changedAt = 0 } = {}] = await api.replies.list()
    world.pass(1)
    const change = (title: string) => api.replies.save({ ...greeting, id, title, seen: changedAt })
    await change('One')
    expect(await codeOf(change('Other'))).toBe('reply_changed')
    expect(await api.replies.list()).toMatchObject([{ title: 'One' }])
  })

  test('begin with a few where one asks for that, once, and each can be saved again as it is', async () => {
    const { api } = await aModerator(world.services)
    for (const _ of [1, 2]) await api.replies.start()
    const started = await api.replies.list()
    expect(new Set(started.map(({ purpose }) => purpose))).toEqual(new Set(['approve', 'deny', 'ask']))
    expect(started).toHaveLength(4)
    for (const { id, purpose, title, texts } of started)
      await api.replies.save({ id, purpose, title, texts: { en: texts.en ?? '', de: texts.de ?? '' } })
  })
})

/** The link is a new one for each mail, and the preview has none. */
const withoutLink = (text: string) => text.replace(/\/register\/status\/[^\s"<]+/g, '/register/status/…')

describe('a preview', () => {
  /** The newest mail that really went out to an address, as its receiver got it. */
  function arrived(to: string) {
    const letter = world.mailbox.letters.findLast((one) => one.to.includes(to))
    if (letter === undefined) throw new Error('No mail')
    const site = { ...world.config.site, logoUrl: null }
    const { subject, text, html } = renderMail(letter.mail, letter.language, site)
    const { language } = letter
    return {
      to,
      language,
      subject: `[Example] ${subject}`,
      text: withoutLink(text),
      html: withoutLink(html),
    }
  }
  const open = async (password: 'at_request' | 'after_approval' = 'at_request') => {
    await world.dispose()
    world = await aWorld({
      registration: { ...aConfig().registration, password },
      email: { ...aConfig().email, subjectPrefix: '[Example] ' },
    })
    return (await aModerator(world.services)).api
  }
  const message = 'Hello\n\nthere {name}'

  test.each(['approve', 'deny'] as const)('of %s is the mail that arrives', async (action) => {
    const api = await open()
    const river = await requested(world, 'river')
    const { id } = river.view
    const preview = await api.replies.preview({ id, action, text: message, silent: false })
    await decideOn(world, id, action, { message })
    expect(preview).toEqual(arrived(river.email))
    expect(preview?.text).toContain('> there {name}')
  })

  test('of an approval without an account is the mail with the link, silent or not', async () => {
    const api = await open('after_approval')
    const river = await verified(world, 'river')
    await river.api.registration.request({ password: '', reason: REASON, legal: false })
    const { id } = river.view
    const preview = await api.replies.preview({ id, action: 'approve', text: '', silent: true })
    await decideOn(world, id, 'approve', { silent: true })
    expect(preview).toEqual(arrived(river.email))
  })

  test('of a question is the mail that arrives, and of a reopened denial as well', async () => {
    const api = await open()
    const river = await requested(world, 'river')
    const { id } = river.view
    const asked = await api.replies.preview({ id, action: 'ask', text: message, silent: false })
    await api.conversation.ask({ id, text: message })
    await world.drain()
    expect(asked).toEqual(arrived(river.email))
    const { version } = await decideOn(world, id, 'deny')
    const reopened = await api.replies.preview({ id, action: 'reopen', text: message, silent: false })
    await api.conversation.reopen({ id, version, message })
    await world.drain()
    expect(reopened).toEqual(arrived(river.email))
  })

  test('shows none where none goes out, changes nothing, and is refused like the decision', async () => {
    const api = await open()
    const river = await requested(world, 'river')
    const { id } = river.view
    const before = await api.moderation.registration({ id })
    for (const action of ['approve', 'deny'] as const)
      expect(await api.replies.preview({ id, action, text: '', silent: true })).toBeNull()
    expect(await codeOf(api.replies.preview({ id, action: 'ask', text: ' ', silent: false }))).toBe(
      'text_missing',
    )
    expect(await codeOf(api.replies.preview({ id, action: 'reopen', text: '', silent: false }))).toBe(
      'wrong_state',
    )
    expect(
      await codeOf(api.replies.preview({ id, action: 'deny', text: 'x'.repeat(4001), silent: false })),
    ).toBe('message_too_long')
    expect(await codeOf(api.replies.preview({ id: 'forged', action: 'deny', text: '', silent: false }))).toBe(
      'not_found',
    )
    expect(await api.moderation.registration({ id })).toEqual(before)
    expect(world.mailbox.kinds(river.email)).toEqual(['verification', 'requested'])
  })
})
