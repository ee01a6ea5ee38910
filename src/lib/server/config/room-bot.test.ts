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

test.each([{ bot: 'room-bot' }, { bot_token: 'syt_bot' }])(
  'with %j, moderators can decide in a room',
  (bot) => {
    const admin_room = { room_id: '!a:example.org', decide: 'reactions' }
    const settings = configFile({ matrix_notifications: { enabled: true, admin_room, ...bot } })
    expect(configOf(settings).matrixNotifications.adminRoom?.decide).toBe('reactions')
    expect(warningsOf(settings)).toEqual([])
  },
)

test.each([
  [
    'nothing is sent',
    { enabled: false, admin_room: { room_id: '!a:b', decide: 'reactions' } },
    'enabled to true',
  ],
  [
    'there is no room',
    { enabled: true, admin_room: { decide: 'reactions' }, welcome: { enabled: true } },
    'room_id to',
  ],
])('deciding where %s is warned of', (_, change, remedy) => {
  const warnings = warningsOf(configFile({ matrix_notifications: { bot: 'room-bot', ...change } }))
  const about = warnings.filter((text) => text.includes('admin_room.decide has no effect'))
  expect(about).toEqual([expect.stringContaining(remedy)])
})

test('nobody else can request the username of that account', () => {
  const config = configOf(configFile({ matrix_notifications: { ...told, bot: 'room-bot' } }))
  expect(config.registration.reservedUsernames).toContain('room-bot')
})

test.each([
  ['both', { matrix_notifications: { bot: 'a', bot_token: 'b' } }, 'matrix_notifications.bot_token and'],
  ['no username', { matrix_notifications: { bot: 'Room Bot' } }, 'matrix_notifications.bot must be'],
  [
    'deciding without it',
    { matrix_notifications: { ...told, admin_room: { ...told.admin_room, decide: 'reactions' } } },
    'matrix_notifications.bot is missing: matrix_notifications.admin_room.decide is reactions',
  ],
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
