import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RuleCore } from '$lib/moderation/rule'
import { registrations } from '$lib/server/database/schema'
import { username } from '../support/registration'
import { codeOf } from '../support/code-of'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  DOMAIN,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

/** Ways in which a name and an address get into the clipboard. */
const names = (name: string) => [
  `\u200b${name}\ufeff`,
  `\u2066@${name}:${DOMAIN}\u2069`,
  `<@${name}:${DOMAIN}>,`,
  `https://matrix.to/#/@${name}:${DOMAIN}?via=${DOMAIN}`,
  `https://matrix.to/#/%40${name}%3A${DOMAIN}`,
  `matrix:u/${name}:${DOMAIN}?action=chat`,
]
const addresses = (address: string) => [
  `\u200b${address}\u00a0`,
  `\u2066${address}\u2069`,
  `<${address}>`,
  `Anna <${address}>`,
  `"B., Anna" <${address}>;`,
  `mailto:${address}?subject=Hello`,
]

async function aRule(rule: RuleCore) {
  const ada = await aModerator(world.services, undefined, 'administrator')
  const rest = { reason: '', days: null, deny: [], message: '', category: null, silent: true }
  await ada.api.rules.add({ ...rule, ...rest })
}

const api = () => aBrowser(world.services).api

/** Somebody else was faster with the name. */
const letGo = (id: string) =>
  world.database.write((tx) =>
    tx.update(registrations).set({ holdsName: false }).where(eq(registrations.id, id)),
  )

describe('a name that was copied', () => {
  test('is understood where it is looked up, chosen, and chosen again', async () => {
    for (const typed of names('river'))
      expect(await api().registration.checkUsername({ username: typed }), typed).toMatchObject({
        ok: true,
        username: 'river',
        matrixId: `@river:${DOMAIN}`,
      })
    for (const typed of names('stone')) {
      const started = { username: typed, email: 'stone@mail.test', proof: await aForm(world) }
      expect(await api().registration.start(started), typed).toMatchObject({ username: 'stone' })
    }
    for (const [index, typed] of names('lake').entries()) {
      const applicant = await verified(world, `brook${index}`)
      await letGo(applicant.view.id)
      const view = await applicant.api.registration.chooseUsername({
        username: typed.replace('lake', `lake${index}`),
      })
      expect(view.username, typed).toBe(`lake${index}`)
    }
  })

  test('is refused for what nobody sees within it, and the place is named', async () => {
    const applicant = await verified(world, 'brook')
    for (const hidden of ['\u200b', '\u00ad', '\u2060', '\u200f', '\u{e0020}']) {
      const typed = `ri${hidden}ver`
      expect(await api().registration.checkUsername({ username: typed })).toEqual({
        ok: false,
        refusal: { code: 'username_invisible', after: 'ri' },
      })
      expect(await codeOf(applicant.api.registration.chooseUsername({ username: typed }))).toBe(
        'username_invisible',
      )
    }
  })

  test('meets names that are kept back in their normal form', async () => {
    await aRule({ subject: 'username', form: 'look', value: 'bill', effect: 'block' })
    for (const typed of [...names('admin'), ...names('b1ll'), 'ａｄｍｉｎ'])
      expect(await api().registration.checkUsername({ username: typed }), typed).toMatchObject({
        refusal: { code: 'username_reserved' },
      })
  })
})

describe('the characters of a name', () => {
  test('are letters, digits and . _ - where nothing else is configured', async () => {
    const applicant = await verified(world, 'brook')
    for (const name of ['a/b', 'a=b', 'a+b', `matrix:u/a%2Fb:${DOMAIN}`]) {
      expect(await api().registration.checkUsername({ username: name })).toEqual({
        ok: false,
        refusal: { code: 'username_characters', characters: 'basic' },
      })
      const started = { username: name, email: 'a@mail.test', proof: await aForm(world) }
      expect(await codeOf(api().registration.start(started))).toBe('username_characters')
      expect(await codeOf(applicant.api.registration.chooseUsername({ username: name }))).toBe(
        'username_characters',
      )
    }
    for (const name of ['..', '.', '-'])
      expect(await api().registration.checkUsername({ username: name })).toMatchObject({
        refusal: { code: 'username_only_signs' },
      })
    expect(await api().registration.checkUsername({ username: 'a..b_c-d.' })).toMatchObject({ ok: true })
  })

  test('are all that the homeserver takes where that is configured, with one letter or digit', async () => {
    const { registration } = aConfig()
    const services = world.another({ registration: { ...registration, usernameCharacters: 'all' } })
    const check = (name: string) => aBrowser(services).api.registration.checkUsername({ username: name })
    for (const name of ['a/b', 'a=b', 'a+b'])
      expect(await check(name)).toMatchObject({ ok: true, username: name })
    for (const name of ['=', '/', '..', '../..'])
      expect(await check(name)).toMatchObject({ refusal: { code: 'username_only_signs' } })
    expect(await check('naïve')).toMatchObject({
      refusal: { code: 'username_characters', characters: 'all' },
    })
  })

  test('of a name that was registered before are asked no more: it gets its account', async () => {
    for (const [index, old] of ['a/b', '..', 'a=b+c'].entries()) {
      const applicant = await verified(world, `before${index}`)
      await world.database.write((tx) =>
        tx
          .update(registrations)
          .set({ username: username(old) })
          .where(eq(registrations.id, applicant.view.id)),
      )
      const view = await applicant.api.registration.request({
        password: PASSWORD,
        reason: REASON,
        legal: true,
      })
      expect(view).toMatchObject({ state: 'requested', username: old })
      const moderator = await aModerator(world.services)
      const seen = await moderator.api.moderation.registration({ id: view.id })
      const { id, version } = seen
      await moderator.api.moderation.decide({ id, version, decision: 'approve', message: '', silent: false })
      await world.drain()
      expect(await applicant.api.registration.current()).toMatchObject({ state: 'completed' })
      expect(await signInToMatrix(world, `@${old}:${DOMAIN}`)).toBe('in')
    }
  })
})

describe('an address that was copied', () => {
  test('is understood at the start and where a link is asked for again', async () => {
    for (const [index, typed] of addresses('anna@mail.test').entries()) {
      const started = { username: `river${index}`, email: typed, proof: await aForm(world) }
      expect(await api().registration.start(started), typed).toMatchObject({ email: 'anna@mail.test' })
      const again = { email: typed, proof: await aForm(world, 'link') }
      expect(await api().registration.sendLink(again), typed).toMatchObject({ email: 'anna@mail.test' })
    }
  })

  test('is refused with its own words for what nobody sees within it, and for a second one beside it', async () => {
    const refused = async (email: string) => {
      const proof = await aForm(world)
      return codeOf(api().registration.start({ username: 'river', email, proof }))
    }
    expect(await refused('an\u200bna@mail.test')).toBe('email_invisible')
    expect(await refused('anna@ma\u00adil.test')).toBe('email_invisible')
    expect(await refused('anna@mail.test, bert@mail.test')).toBe('email_several')
    expect(await refused('\u200b')).toBe('email_missing')
    expect(await refused('anna')).toBe('email_invalid')
  })

  test('meets rules in its normal form', async () => {
    await aRule({ subject: 'domain', form: 'exact', value: '\u200bspam.test\ufeff', effect: 'block' })
    for (const typed of addresses('anna@spam.test')) {
      const started = { username: 'river', email: typed, proof: await aForm(world) }
      expect(await codeOf(api().registration.start(started)), typed).toBe('email_blocked')
    }
  })
})

describe('on the desk', () => {
  test('a search, the filter by domain and a value that is tried understand what was copied', async () => {
    await requested(world, 'river', 'anna@mail.test')
    await requested(world, 'stone', 'bert@other.test')
    const { api: desk } = await aModerator(world.services)
    const found = async (filter: object) =>
      (await desk.moderation.queue({ tab: 'all', ...filter })).items.map((item) => item.username)
    for (const q of [...names('river'), ...addresses('anna@mail.test')])
      expect(await found({ q }), q).toEqual(['river'])
    for (const domain of ['\u200bMail.test', '@mail.test']) expect(await found({ domain })).toEqual(['river'])
    await aRule({
      subject: 'username',
      form: 'exact',
      value: `https://matrix.to/#/@river:${DOMAIN}`,
      effect: 'hold',
    })
    for (const value of names('river'))
      expect((await desk.rules.test({ value })).decides, value).toMatchObject({ value: 'river' })
  })

  test('people are invited, named, signed in and change their address by what was copied', async () => {
    const ada = await aModerator(world.services, 'ada', 'administrator')
    for (const [index, typed] of addresses('bob@mail.test').entries()) {
      const email = typed.replace('bob', `bob${index}`)
      await ada.api.moderators.invite({ email, role: 'moderator' })
      await world.drain()
      expect(world.mailbox.kinds(`bob${index}@mail.test`)).toEqual(['invitation'])
      await ada.api.account.askAddress({ email: typed.replace('bob', `ada${index}`) })
      await world.drain()
      expect(world.mailbox.kinds(`ada${index}@mail.test`)).toEqual(['confirm_moderator'])
    }
    expect(await codeOf(ada.api.moderators.invite({ email: 'b\u200bob@mail.test', role: 'moderator' }))).toBe(
      'email_invisible',
    )
    expect(await codeOf(ada.api.account.askAddress({ email: 'a@mail.test b@mail.test' }))).toBe(
      'email_several',
    )
    const token = tokenIn(world.mailbox.last('bob0@mail.test', 'invitation').link)
    const password = 'four unrelated words of bob'
    await api().moderators.join({ token, username: '\u200bＢob\u00a0', password })
    await api().session.signIn({ username: '\u2066bob\u2069', password })
  })
})
