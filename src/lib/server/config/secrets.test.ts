import { expect, test } from 'vitest'
import { configFile, configOf, problemsOf } from '../../../../tests/support/config-file'
import { variableOf } from './environment'
import { fingerprintOf } from './fingerprint'
import { pathText } from './path'
import { SECRETS } from './secrets'

const MAS = { server: 'https://account.example.org', client_id: '01J44RKQYM4G3TNVANTMTDYTX6' }
const MAS_SECRET = 'SYNAPSE_REGISTRATION_MAS_CLIENT_SECRET'
const omit = (env: Record<string, string>, name: string) =>
  Object.fromEntries(Object.entries(env).filter(([key]) => key !== name))
const TOKEN = 'SYNAPSE_REGISTRATION_SYNAPSE_ADMIN_TOKEN'
const without = configFile({ synapse: { admin_token: null } })
const withFile = configFile({ synapse: { admin_token: null, admin_token_file: 'token' } })

test('a secret can stand in a file, whose last line breaks do not count', () => {
  for (const content of ['syt_file', 'syt_file\n', 'syt_file\r\n', 'syt_file\n\n', 'syt_file\r\n\r\n']) {
    expect(configOf(withFile, { files: { token: content } }).synapse.adminToken).toBe('syt_file')
  }
})

test('a secret can stand in the environment, or in a file named there', () => {
  expect(configOf(without, { env: { [TOKEN]: 'syt_env' } }).synapse.adminToken).toBe('syt_env')
  const surroundings = { env: { [`${TOKEN}_FILE`]: '/run/token' }, files: { '/run/token': 'syt_run\n' } }
  expect(configOf(without, surroundings).synapse.adminToken).toBe('syt_run')
})

/** A variable for each secret. */
const allSecrets = () =>
  Object.fromEntries(SECRETS.map((path) => [variableOf(path), `value of ${path.join('.')}`]))

test.each(SECRETS.map((path) => [pathText(path), variableOf(path), path[0] === 'mas'] as const))(
  'the settings are the same ones where %s comes from a file, as in a unit, as where it comes from a variable',
  (_, variable, isOfMas) => {
    const text = configFile({
      synapse: { admin_token: null },
      email: { password: null },
      ...(isOfMas ? { mas: MAS } : { consent_version: '1', legal: [{ title: 'A', url: 'https://a.org' }] }),
      database: { url: 'https://db.example.org' },
      matrix_notifications: { enabled: true },
    })
    const env = omit(allSecrets(), isOfMas ? 'SYNAPSE_REGISTRATION_FORM_SECRET' : MAS_SECRET)
    const print = (given: Record<string, string>) => {
      const config = configOf(text, { env: given, files: { '/run/secret': `${env[variable] ?? ''}\n` } })
      return fingerprintOf({ ...config, secretKey: config.secretKey ?? '' })
    }
    const file = print({ ...omit(env, variable), [`${variable}_FILE`]: '/run/secret' })
    expect(file).toBe(print(env))
    expect(file).not.toBe(print({ ...env, [variable]: 'another value' }))
  },
)

test('every secret has its own variable', () => {
  const env = allSecrets()
  const config = configOf(
    configFile({
      synapse: { admin_token: null },
      email: { password: null },
      consent_version: '1',
      legal: [{ title: 'A', url: 'https://a.org' }],
      database: { url: 'https://db.example.org' },
      matrix_notifications: { enabled: true },
    }),
    { env: omit(env, MAS_SECRET) },
  )
  const withMas = configOf(
    configFile({ synapse: { admin_token: null }, email: { password: null }, mas: MAS }),
    { env: omit(env, 'SYNAPSE_REGISTRATION_FORM_SECRET') },
  )
  expect(withMas.mas?.clientSecret).toBe('value of mas.client_secret')
  expect(config).toMatchObject({
    secretKey: 'value of secret_key',
    synapse: { adminToken: 'value of synapse.admin_token' },
    email: { password: 'value of email.password' },
    consent: { formSecret: 'value of form_secret' },
    database: { authToken: 'value of database.auth_token' },
    roomBot: { token: 'value of matrix_notifications.bot_token' },
  })
})

test('a secret that is given twice in one place is a problem that names both', () => {
  const twice = configFile({ synapse: { admin_token_file: 'token' } })
  expect(problemsOf(twice, { files: { token: 'syt' } })).toEqual([
    'config.yaml: synapse.admin_token is given twice, as synapse.admin_token and as synapse.admin_token_file: keep one',
  ])
  expect(problemsOf(without, { env: { [TOKEN]: 'syt_env', [`${TOKEN}_FILE`]: 'token' } })).toEqual([
    `${TOKEN} in the environment is given twice, as ${TOKEN} in the environment and as ${TOKEN}_FILE in the environment: keep one`,
  ])
})

test.each([
  ['text', configFile({ synapse: { admin_token: 'syt_of_the_config' } })],
  ['a file', withFile],
])('the environment wins over a secret that is %s in config.yaml', (_, text) => {
  const files = { token: 'syt_config', '/run/token': 'syt_run' }
  expect(configOf(text, { env: { [TOKEN]: 'syt_env' }, files }).synapse.adminToken).toBe('syt_env')
  expect(configOf(text, { env: { [`${TOKEN}_FILE`]: '/run/token' }, files }).synapse.adminToken).toBe(
    'syt_run',
  )
})

test('an empty variable counts as none', () => {
  expect(configOf(configFile(), { env: { [TOKEN]: '', [`${TOKEN}_FILE`]: '' } }).synapse.adminToken).toBe(
    'syt_token',
  )
})

test('a file that cannot be read is the only problem told of its secret', () => {
  expect(problemsOf(withFile)).toEqual([
    'config.yaml: synapse.admin_token cannot be read from the file in synapse.admin_token_file: no such file',
  ])
})

test('a file of the environment that cannot be read is told by its variable', () => {
  expect(problemsOf(without, { env: { [`${TOKEN}_FILE`]: '/run/token' } })).toEqual([
    `${TOKEN} in the environment cannot be read from the file in ${TOKEN}_FILE in the environment: no such file`,
  ])
})

test('a file that is empty or has several lines is a problem that does not show it', () => {
  for (const token of ['', '\n', 'syt_1\nsyt_2\n']) {
    const problems = problemsOf(withFile, { files: { token } })
    expect(problems).toEqual([
      expect.stringMatching(/^config\.yaml: synapse\.admin_token must be .* on one line/),
    ])
    expect(problems.join()).not.toContain('syt_')
  }
})
