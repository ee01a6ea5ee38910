import { expect, test } from 'vitest'
import { groupUnasked } from './words'

test('what was not asked stands behind its own reason', () => {
  const finding = (check: string, level: 'ok' | 'not_asked', found: string) => ({
    check,
    level,
    key: null,
    found,
    remedy: null,
  })
  expect(
    groupUnasked([
      finding('homeserver.admin_api', 'ok', 'The admin API answers'),
      finding('homeserver.domain', 'not_asked', 'the access token is not right'),
      finding('homeserver.auto_join_rooms', 'not_asked', 'only an account that waits would show it'),
      finding('homeserver.consent', 'not_asked', 'the access token is not right'),
    ]),
  ).toEqual([
    { why: 'the access token is not right', checks: ['homeserver.domain', 'homeserver.consent'] },
    { why: 'only an account that waits would show it', checks: ['homeserver.auto_join_rooms'] },
  ])
})
