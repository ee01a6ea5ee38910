import { describe, expect, test } from 'vitest'
import { isOfLink, moderatorLinkText } from './moderator-link-text'

const CODES = ['link_broken', 'link_expired', 'link_spent'] as const

describe('why a moderator’s link does not work', () => {
  test.each(CODES)('says where a new one comes from, and not what only applicants can do: %s', (code) => {
    const [invited, confirming] = (['invitation', 'address'] as const).map((purpose) =>
      moderatorLinkText({ code }, purpose),
    )
    expect(invited).toContain('whoever invited you')
    expect(confirming).toMatch(/your account page/i)
    for (const text of [invited, confirming]) expect(text).not.toContain('by email')
  })

  test('says of one that was ended that it may have been withdrawn or replaced', () => {
    expect(moderatorLinkText({ code: 'link_spent' }, 'invitation')).toContain('withdrawn')
    expect(moderatorLinkText({ code: 'link_spent' }, 'address')).toContain('replaced')
  })

  test('leaves other refusals in their words', () => {
    expect(isOfLink({ code: 'password_missing' })).toBe(false)
    expect(moderatorLinkText({ code: 'moderator_name_taken' }, 'invitation')).not.toContain('link')
  })
})
