import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readClosing } from '$lib/moderation/opening'
import { readCodeWish } from '$lib/moderation/invitation'
import { parseReply } from '$lib/moderation/reply'
import { readRuleReason } from '$lib/moderation/rule'
import { codeOf } from '../support/code-of'
import { aModerator, aWorld, PASSWORD, requested, verified, type TestWorld } from '../support/world'

const FAMILY = '👩‍👩‍👧'
const NOTHING = '\u2028\u3164\u200b\u2800\u00ad'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

test('a reason of two thousand families is taken, one more is not, and says how many there are', async () => {
  const river = await verified(world, 'river')
  const request = (reason: string) =>
    river.api.registration.request({ password: PASSWORD, reason, legal: true })
  await expect(request(FAMILY.repeat(2001))).rejects.toMatchObject({
    cause: { refusal: { code: 'reason_too_long', maximum: 2000, length: 2001 } },
  })
  expect(await codeOf(request(NOTHING.repeat(40)))).toBe('reason_too_short')
  expect((await request(FAMILY.repeat(2000))).reason).toBe(FAMILY.repeat(2000))
})

describe('what moderators write is as long as people see it', () => {
  test('questions, answers and notes', async () => {
    const river = await requested(world, 'river')
    const { id } = river.view
    const { api } = await aModerator(world.services)
    expect(await codeOf(api.conversation.ask({ id, text: FAMILY.repeat(4001) }))).toBe('text_too_long')
    expect(await codeOf(api.conversation.ask({ id, text: NOTHING }))).toBe('text_missing')
    await api.conversation.ask({ id, text: FAMILY.repeat(4000) })
    expect(await codeOf(river.api.registration.answer({ text: NOTHING }))).toBe('text_missing')
    expect(await codeOf(river.api.registration.answer({ text: FAMILY.repeat(2001) }))).toBe('text_too_long')
    await river.api.registration.answer({ text: FAMILY.repeat(2000) })
    expect(await codeOf(api.conversation.note({ id, text: FAMILY.repeat(4001) }))).toBe('text_too_long')
    await api.conversation.note({ id, text: FAMILY.repeat(4000) })
  })

  test.each(['approve', 'deny'] as const)(
    'a message with a decision (%s); one that nobody sees is none',
    async (decision) => {
      const { view } = await requested(world, 'river')
      const { api } = await aModerator(world.services)
      const decide = async (message: string) => {
        const { version } = await api.moderation.registration({ id: view.id })
        return api.moderation.decide({ id: view.id, version, decision, message, silent: false })
      }
      expect(await codeOf(decide(FAMILY.repeat(4001)))).toBe('message_too_long')
      await decide(FAMILY.repeat(4000))
      expect((await api.moderation.registration({ id: view.id })).message).toBe(FAMILY.repeat(4000))
      const stone = await requested(world, 'stone')
      const { version } = await api.moderation.registration({ id: stone.view.id })
      await api.moderation.decide({ id: stone.view.id, version, decision, message: NOTHING, silent: false })
      expect((await api.moderation.registration({ id: stone.view.id })).message).toBeNull()
    },
  )

  test('a rule’s reason', async () => {
    expect(readRuleReason(FAMILY.repeat(500))).toMatchObject({ ok: true })
    expect(readRuleReason(FAMILY.repeat(501))).toMatchObject({ refusal: { code: 'rule_reason_too_long' } })
    expect(readRuleReason(NOTHING)).toEqual({ ok: true, value: null })
    const { api } = await aModerator(world.services)
    const rule = { subject: 'domain', form: 'exact', value: 'spam.example', effect: 'block' } as const
    const add = (reason: string) =>
      api.rules.add({ ...rule, reason, days: null, deny: [], message: '', category: null, silent: false })
    expect(await codeOf(add(FAMILY.repeat(501)))).toBe('rule_reason_too_long')
  })

  test('the note of a code, the title of a reply, and words to visitors', () => {
    const code = (note: string) => readCodeWish({ uses: '', days: '', note })
    expect(code(FAMILY.repeat(200))).toMatchObject({ ok: true, value: { note: FAMILY.repeat(200) } })
    expect(code(FAMILY.repeat(201))).toMatchObject({ refusal: { code: 'code_note_too_long' } })
    expect(code(NOTHING)).toMatchObject({ ok: true, value: { note: null } })
    const reply = (title: string, en = 'Hello') =>
      parseReply({ purpose: 'deny', title, texts: { en, de: NOTHING } })
    expect(reply(FAMILY.repeat(100))).toMatchObject({ ok: true, value: { texts: { en: 'Hello' } } })
    expect(reply(FAMILY.repeat(101))).toMatchObject({ refusal: { code: 'reply_title_too_long' } })
    expect(reply(NOTHING)).toMatchObject({ refusal: { code: 'reply_title_missing' } })
    expect(reply('A title', NOTHING)).toMatchObject({ refusal: { code: 'text_missing' } })
    const closing = (en: string) => readClosing({ message: { en, de: NOTHING }, until: '' }, 0)
    expect(closing(FAMILY.repeat(1000))).toEqual({
      ok: true,
      value: { message: { en: FAMILY.repeat(1000) }, until: null },
    })
    expect(closing(FAMILY.repeat(1001))).toMatchObject({ refusal: { code: 'text_too_long', length: 1001 } })
  })
})
