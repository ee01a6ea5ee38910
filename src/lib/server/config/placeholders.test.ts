import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configFile, loadText } from '../../../../tests/support/config-file'
import { findPlaceholders, placeholderProblem } from './placeholders'
import { readYaml } from './read-yaml'

const dist = readFileSync('config.dist.yaml', 'utf8')
const settingsIn = (text: string): unknown => {
  const read = readYaml(text)
  return read.ok ? read.value : null
}
const keysOf = (text: string) => findPlaceholders(settingsIn(text)).map(({ key }) => key)

test('every example that config.dist.yaml has in place of a value is found', () => {
  expect(keysOf(dist)).toEqual([
    'synapse.admin_token',
    'synapse.server',
    'synapse.domain',
    'hosts entry 1',
    'email.host',
    'email.username',
    'email.password',
    'admin.email',
  ])
})

test('every example that is off in config.dist.yaml is found once it is on', () => {
  const allOn = dist.replaceAll(/^( *)#(?=\S| {2,}\S)/gm, '$1')
  expect(keysOf(allOn).filter((key) => !keysOf(dist).includes(key))).toEqual([
    'email.from',
    'email.subject_prefix',
    'mas.server',
    'mas.client_secret',
    'site.name',
    'site.url',
    'site.support',
    'logo_url',
    'legal entry 1: url',
    'auto_join entry 1',
    'form_secret',
    'matrix_notifications.bot_token',
    'matrix_notifications.admin_room.room_id',
    'matrix_notifications.welcome.room_id',
    'database.url',
    'database.auth_token',
    'secret_key',
  ])
})

test.each([
  'love_your_cat',
  'https://your-server.org',
  'yourserver.org',
  'mail.bring-your.server.org.example',
  'your password',
])('%s is a value of its own', (value) =>
  expect(findPlaceholders({ synapse: { server: value } })).toEqual([]),
)

test('a secret is not shown, everything else is', () => {
  const found = findPlaceholders({ synapse: { admin_token: 'syt_your_admin_token', domain: 'your.server' } })
  expect(found.map(placeholderProblem)).toEqual([
    'synapse.admin_token is still the example from config.dist.yaml: replace it with your own value',
    'synapse.domain is still the example from config.dist.yaml ("your.server"): replace it with your own value',
  ])
})

test('an example is told with where it is set', () => {
  const env = { SYNAPSE_REGISTRATION_ADMIN_EMAIL: 'admin@your.server' }
  expect(loadText(configFile({ email: { host: 'mail.your.server' } }), { env }).placeholders).toEqual([
    'config.yaml: email.host is still the example from config.dist.yaml ("mail.your.server"): replace it with your own value',
    'SYNAPSE_REGISTRATION_ADMIN_EMAIL in the environment is still the example from config.dist.yaml ("admin@your.server"): replace it with your own value',
  ])
  expect(loadText(configFile()).placeholders).toEqual([])
})
