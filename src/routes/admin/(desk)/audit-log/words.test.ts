import { afterEach, describe, expect, test } from 'vitest'
import { baseLocale, overwriteGetLocale } from '$lib/paraglide/runtime'
import { ACTOR_WORDS, detailTexts } from './words'

afterEach(() => overwriteGetLocale(() => baseLocale))

test('whoever did something is one of a kind', () => {
  const { moderator, ...others } = ACTOR_WORDS
  expect(moderator()).toBe('A former moderator')
  expect(Object.values(others).map((words) => words())).toEqual(['Applicant', 'System', 'Command line'])
})

describe('what an event says besides its kind', () => {
  test.each([
    [{ setting: 'second_factor_required', value: true }, 'Second factor required for everyone'],
    [{ setting: 'second_factor_required', value: false }, 'Second factor no longer required'],
    [{ moderator: 'bob', role: 'administrator' }, 'moderator: bob', 'role: administrator'],
    [{ used: true }, 'it was used'],
    [{ used: false }],
    [{ reply: 'r-1' }, 'canned reply: r-1'],
    [{ rule: 'r-1', subject: 'email', effect: 'hold' }, 'rule: r-1', 'kind: Email address', 'action: Flag'],
    [{ state: 'denied', reachedAt: Date.UTC(2026, 1, 3, 4) }, 'status: denied', 'status since: 2026-02-03'],
    [
      { format: 'csv', who: 'people', what: 'sign_ins' },
      'format: csv',
      'who: Moderators and applicants',
      'what: Sign-ins',
    ],
    [{ what: 'rule_added' }, 'what: Rule added'],
    [{ who: 'm-1' }, 'who: m-1'],
    [{ what: 'rules', format: 'csv' }, 'what: Rules', 'format: csv'],
    [
      { notices: 'digest', remind_hours: 4, language: 'de' },
      'emails: Once a day, about everything waiting',
      'reminder after (hours): 4',
      'language: Deutsch',
    ],
    [{ signs: 'devices used' }],
    [{ silent: false }],
  ])('%o', (detail, ...texts) => {
    expect(detailTexts(detail)).toEqual(texts)
  })

  test('is said in the language of the page', () => {
    overwriteGetLocale(() => 'de')
    expect(detailTexts({ moderator: 'bob', role: 'administrator' })).toEqual([
      'Moderationskonto: bob',
      'Rolle: Administration',
    ])
  })
})
