import { expect, test } from 'vitest'
import { configFile, configOf, problemsOf } from '../../../../tests/support/config-file'
import { SECRETS, secretVariable } from './secrets'

const TOKEN = 'SYNAPSE_REGISTRATION_SYNAPSE_ADMIN_TOKEN'
const without = configFile({ synapse: { admin_token: null } })
const withFile = configFile({ synapse: { admin_token: null, admin_token_file: 'token' } })

test('a secret can stand in a file, whose last line break does not count', () => {
  for (const content of ['syt_file', 'syt_file\n', 'syt_file\r\n']) {
    expect(configOf(withFile, { files: { token: content } }).synapse.adminToken).toBe('syt_file')
  }
})

test('a secret can stand in the environment, or in a file named there', () => {
  expect(configOf(without, { env: { [TOKEN]: 'syt_env' } }).synapse.adminToken).toBe('syt_env')
  const surroundings = { env: { [`${TOKEN}_FILE`]: '/run/token' }, files: { '/run/token': 'syt_run\n' } }
  expect(configOf(without, surroundings).synapse.adminToken).toBe('syt_run')
})

test('every secret has its own variable', () => {
  const env = Object.fromEntries(SECRETS.map((path) => [secretVariable(path), `value of ${path.join('.')}`]))
  const config = configOf(
    configFile({
      synapse: { admin_token: null },
      email: { password: null },
      consent_version: '1',
      legal: [{ title: 'A', url: 'https://a.org' }],
      database: { url: 'https://db.example.org' },
    }),
    { env },
  )
  expect(config).toMatchObject({
    secretKey: 'value of secret_key',
    synapse: { adminToken: 'value of synapse.admin_token' },
    email: { password: 'value of email.password' },
    consent: { formSecret: 'value of form_secret' },
    database: { authToken: 'value of database.auth_token' },
  })
})

test('a secret that is given twice is a problem that names both places', () => {
  expect(problemsOf(configFile(), { env: { [TOKEN]: 'syt_env' } })).toEqual([
    `config.yaml: synapse.admin_token is given twice, as synapse.admin_token and as ${TOKEN} in the environment: keep one`,
  ])
  expect(problemsOf(withFile, { env: { [`${TOKEN}_FILE`]: 'token' }, files: { token: 'syt' } })).toEqual([
    `config.yaml: synapse.admin_token is given twice, as synapse.admin_token_file and as ${TOKEN}_FILE in the environment: keep one`,
  ])
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

test('a file that is empty or has several lines is a problem that does not show it', () => {
  for (const token of ['', '\n', 'syt_1\nsyt_2\n']) {
    const problems = problemsOf(withFile, { files: { token } })
    expect(problems).toEqual([
      expect.stringMatching(/^config\.yaml: synapse\.admin_token must be .* on one line/),
    ])
    expect(problems.join()).not.toContain('syt_')
  }
})
