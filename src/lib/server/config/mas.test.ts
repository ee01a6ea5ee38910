import { expect, test } from 'vitest'
import { configFile, configOf, problemsOf } from '../../../../tests/support/config-file'

const MAS = { server: 'https://account.example.org', client_id: '01J44RKQYM', client_secret: 'x' }
const without = { synapse: { admin_token: null } }

test('a client of MAS replaces the admin token', () => {
  const config = configOf(configFile({ ...without, mas: MAS }))
  expect(config.synapse.adminToken).toBeNull()
  expect(config.mas).toEqual({
    server: 'https://account.example.org',
    clientId: '01J44RKQYM',
    clientSecret: 'x',
    account: 'registration',
  })
  expect(configOf(configFile({})).mas).toBeNull()
})

test('both may be set: the token is then used for Synapse', () => {
  const config = configOf(configFile({ mas: MAS }))
  expect(config.synapse.adminToken).not.toBeNull()
  expect(config.mas?.clientId).toBe('01J44RKQYM')
})

test.each([
  ['no admin token and no MAS', without, 'synapse.admin_token is missing'],
  ['no client', { mas: { ...MAS, client_id: null } }, 'mas.client_id is missing'],
  ['no secret', { mas: { ...MAS, client_secret: null } }, 'mas.client_secret is missing'],
  ['no address', { mas: { ...MAS, server: null } }, 'mas.server is missing'],
  ['an account that cannot be one', { mas: { ...MAS, account: 'Bot Two' } }, 'mas.account must be'],
  ['a version of the policy', { mas: MAS, consent_version: '1.0' }, 'consent_version must not be set'],
])('%s is told by its key', (_, change, problem) => {
  const problems = problemsOf(configFile(change))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})
