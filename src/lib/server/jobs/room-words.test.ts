import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { aRegistration } from '../../../../tests/support/registration'
import { LANGUAGES, type Language } from '$lib/registration/language'
import { reasonSchema } from '$lib/registration/reason'
import { ROOM_ANSWERS } from '$lib/registration/room-answer'
import { wishOfText } from '$lib/moderation/room-wish'
import { answerWords, detailsWords, wordsNow, type NoticeFacts } from './room-words'

const place = (language: Language = 'en') => ({
  homeserver: { domain: 'example.test' },
  site: { url: 'https://register.example.test', language },
})
const details = (reason: string | null, isHeld = false) =>
  detailsWords(
    aRegistration({ state: 'requested', reason: reason === null ? null : v.parse(reasonSchema, reason) }),
    { isHeld },
    place(),
  )
const facts: NoticeFacts = { by: null, isStuck: false, takenBy: null, rest: null, decides: true }

describe('details', () => {
  test('are a code block, in which nothing is HTML, a link or turns the direction', () => {
    const { text, html } = details('See https://evil.test/<b>me</b> & "you" \u202Eor `else`')
    expect(text).toBe(
      'What the request says:\nSee https[:]//evil[.]test/<b>me</b> & "you" or `else`\n\nLanguage: English',
    )
    expect(html).toBe(
      '<p>What the request says:</p><pre><code>See https[:]//evil[.]test/&lt;b&gt;me&lt;/b&gt; &amp; &quot;you&quot; or `else`</code></pre><p>Language: English</p>',
    )
  })

  test('say where there is no reason', () => {
    expect(details(null)).toEqual({
      text: 'The request says nothing.\nLanguage: English',
      html: '<p>The request says nothing.</p><p>Language: English</p>',
    })
  })

  test('say where a closer look is needed, and not why', () => {
    const link = 'https://register.example.test/admin/registrations/r1'
    expect(details('A reason of some length', true).text).toContain(`⚠️ Take a closer look: ${link}`)
    expect(details('A reason of some length').text).not.toContain('⚠️')
  })

  test.each(['👩‍👩‍👧', '&', '"', 'a.a', '漢'])('fit into an event, however long: %s', (piece) => {
    const { text, html } = details(piece.repeat(2000 / (piece === 'a.a' ? 3 : 1)))
    expect(Buffer.byteLength(JSON.stringify({ body: text, formatted_body: html }))).toBeLessThan(60_000)
    expect(`${text}${html}`.isWellFormed()).toBe(true)
  })
})

describe.each(LANGUAGES)('in %s', (language) => {
  const inEnglish = (says: (typeof ROOM_ANSWERS)[number]) => answerWords(says, 'ben', place())

  test.each(ROOM_ANSWERS)('the answer %s is said, and names whom it is about', (says) => {
    const words = answerWords(says, 'ben', place(language))
    expect(words).not.toBe('')
    expect(words.includes('ben')).toBe(['approved', 'denied', 'claimed'].includes(says))
    expect(answerWords(says, null, place(language))).not.toMatch(/null|undefined|\{/)
    expect(words === inEnglish(says)).toBe(language === 'en')
  })

  test('what the hints tell to answer is understood', () => {
    const waiting = aRegistration({ state: 'requested' })
    const hint =
      wordsNow(waiting, { ...facts, first: 'New' }, place(language))
        .split('\n')
        .at(-1) ?? ''
    const [, example = ''] = /[“„«]\s?(.*?)\s?[”“»]$/.exec(hint) ?? []
    expect(wishOfText(example)).toMatchObject({ type: 'deny', text: expect.any(String) })
    const decided = aRegistration({ state: 'denied', decidedBy: 'm1' })
    const resting = { ...facts, by: 'ben', rest: { seconds: 60 }, first: 'New' }
    const [, rest = ''] = wordsNow(decided, resting, place(language)).split('\n')
    expect(rest).toContain('60')
    const [, undo = ''] = /[“„«]\s?(.*?)\s?[”“»]/.exec(rest) ?? []
    expect(wishOfText(undo)).toEqual({ type: 'undo' })
  })
})
