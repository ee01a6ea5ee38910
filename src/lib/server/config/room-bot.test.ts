import { expect, test } from 'vitest'
import { configFile, configOf, problemsOf, warningsOf } from '../../../../tests/support/config-file'

const MAS = { server: 'https://account.example.org', client_id: '01J44RKQYM', client_secret: 'x' }
const told = { enabled: true, admin_room: { room_id: '!a:example.org' } }

test('nothing set, the account of the admin token speaks in rooms', () => {
  expect(configOf(configFile({ matrix_notifications: told })).roomBot).toBeNull()
})

test.each([
  [{ bot: 'room-bot' }, { account: 'room-bot' }],
  [{ bot_token: 'syt_bot' }, { token: 'syt_bot' }],
])('%j speaks in rooms, where anything is said at all', (bot, expected) => {
  expect(configOf(configFile({ matrix_notifications: { ...told, ...bot } })).roomBot).toEqual(expected)
  expect(warningsOf(configFile({ matrix_notifications: { ...told, ...bot } }))).toEqual([])
  const silent = configFile({ matrix_notifications: bot })
  expect(configOf(silent).roomBot).toBeNull()
  expect(warningsOf(silent)).toEqual([expect.stringMatching(/: matrix_notifications\.bot\w* has no effect/)])
})

test('nobody else can request the username of that account', () => {
  const config = configOf(configFile({ matrix_notifications: { ...told, bot: 'room-bot' } }))
  expect(config.registration.reservedUsernames).toContain('room-bot')
})

test.each([
  ['both', { matrix_notifications: { bot: 'a', bot_token: 'b' } }, 'matrix_notifications.bot_token and'],
  ['no username', { matrix_notifications: { bot: 'Room Bot' } }, 'matrix_notifications.bot must be'],
  [
    'the account that has all rights',
    { mas: MAS, matrix_notifications: { bot: 'registration' } },
    'matrix_notifications.bot must be another account than mas.account',
  ],
])('%s is told by its key', (_, change, problem) => {
  const problems = problemsOf(configFile(change))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})
