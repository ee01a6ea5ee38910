import { describe, expect, test } from 'vitest'
import type { MasOptions } from '../../../src/stand-in/mas'
import type { MasState } from '../../../src/stand-in/mas-state'
import {
  aDoctorWorldWithMas,
  notAsked,
  whyNotAsked,
  withoutRemedy,
  wrong,
  type Tree,
} from '../../support/doctor-world'

describe('of MAS', () => {
  test('a set-up that is right is told so, also before the account of its own is there', async () => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas()
    const before = await examine({ synapse, mas: client })
    expect(wrong(before)).toEqual([])
    expect(notAsked(before)).toContain('homeserver.token')
    expect(whyNotAsked(before, 'rooms.auto_join')).toBe(
      'the account of mas.account is created when the service starts',
    )
    expect(mas.state.find('registration'), 'a check makes nothing').toBeUndefined()
    mas.state.addUser('registration')
    await mas.state.synapse?.provision({ localpart: 'registration', locked: false })
    const after = await examine({ synapse, mas: client })
    expect(wrong(after)).toEqual([])
    const told = (check: string) => after.find((finding) => finding.check === check)?.found
    expect(told('mas.admin_api')).toContain('v1.22.0')
    expect(told('homeserver.delegation')).toContain('leaves its accounts to MAS')
    expect(told('homeserver.token')).toContain('@registration:')
    expect(told('homeserver.password_policy')).toContain('zxcvbn score of 3 of 4')
  })

  test.each<[string, Partial<MasOptions>, Tree, string, string | null]>([
    ['an address where nobody answers', {}, { server: 'http://127.0.0.1:1' }, 'mas.address', 'mas.server'],
    ['a secret that is not the client’s', {}, { client_secret: 'other' }, 'mas.client', 'mas.client_id'],
    ['a client without the right', { isAdminClient: false }, {}, 'mas.client', 'mas.client_id'],
  ])('%s is told by its key, with a remedy', async (_, options, change, check, key) => {
    const { examine, synapse, client } = await aDoctorWorldWithMas(options)
    const findings = await examine({ synapse, mas: { ...client, ...change } })
    expect(wrong(findings)).toEqual([{ check, level: 'error', key }])
    expect(withoutRemedy(findings)).toEqual([])
    expect(notAsked(findings)).toEqual(expect.arrayContaining(['homeserver.token', 'rooms.auto_join']))
    expect(whyNotAsked(findings, 'rooms.auto_join')).toBe('the access to MAS has to be right first')
  })

  test.each([
    ['discovery', 'mas.address'],
    ['oauth', 'mas.client'],
    ['adminapi', 'mas.admin_api'],
  ] as const)('a listener without the resource %s is told, with what to add', async (resource, check) => {
    const { examine, synapse, client } = await aDoctorWorldWithMas({ without: [resource] })
    const findings = await examine({ synapse, mas: client })
    expect(wrong(findings)).toEqual([{ check, level: 'error', key: 'mas.server' }])
    const told = findings.find((finding) => finding.check === check)
    expect(told?.found).toContain('is MAS, but does not answer at')
    expect(told?.remedy).toContain(`Add the resource "${resource}" to the listener of mas.server`)
  })

  test('an address of something that is not MAS is told so', async () => {
    const without = ['discovery', 'oauth', 'adminapi'] as const
    const { examine, synapse, client } = await aDoctorWorldWithMas({ without: [...without] })
    const findings = await examine({ synapse, mas: client })
    expect(wrong(findings)).toEqual([{ check: 'mas.address', level: 'error', key: 'mas.server' }])
    expect(findings.find(({ check }) => check === 'mas.address')?.found).toContain('not from MAS (404')
  })

  test('a MAS that knows no personal sessions is told to be too old', async () => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas({ hasPersonalSessions: false })
    mas.state.addUser('registration')
    await mas.state.synapse?.provision({ localpart: 'registration', locked: false })
    const findings = await examine({ synapse, mas: client })
    expect(findings.find(({ level }) => level === 'error')?.found).toContain('MAS 1.5 is needed')
    expect(withoutRemedy(findings)).toEqual([])
  })

  test.each<[string, (state: MasState) => unknown, RegExp]>([
    ['locked', (state) => state.addUser('registration', { lockedAt: 1 }), /is locked in MAS/],
    ['deactivated', (state) => state.addUser('registration', { deactivatedAt: 1 }), /is deactivated in MAS/],
  ])('an account of its own that is %s is told by its setting', async (_, change, found) => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas()
    change(mas.state)
    const findings = await examine({ synapse, mas: client })
    expect(wrong(findings)).toEqual([{ check: 'homeserver.token', level: 'error', key: 'mas.account' }])
    const told = findings.find(({ check, level }) => check === 'homeserver.token' && level === 'error')
    expect(told?.found).toMatch(found)
    expect(told?.remedy).toContain('set mas.account to another username')
    expect(notAsked(findings)).toEqual(expect.arrayContaining(['homeserver.admin_api', 'homeserver.domain']))
  })

  test('a token without a device is told by its setting', async () => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas()
    const { id } = mas.state.addUser('registration')
    await mas.state.synapse?.provision({ localpart: 'registration', locked: false })
    const scope = 'urn:matrix:client:api:* urn:synapse:admin:*'
    const token = mas.state.addToken('mct', scope, id, null)
    const findings = await examine({ synapse: { ...synapse, admin_token: token }, mas: client })
    expect(wrong(findings)).toEqual([
      { check: 'homeserver.token', level: 'error', key: 'synapse.admin_token' },
    ])
    expect(withoutRemedy(findings)).toEqual([])
  })

  test.each<[string, (state: MasState, id: string) => unknown]>([
    [
      'email addresses',
      (state, userId) =>
        state.emails.set(state.ulid(), { userId, email: 'desk@example.test', createdAt: Date.now() }),
    ],
    [
      'identities at other services',
      (state, userId) => state.links.set(state.ulid(), { userId, provider: 'x', createdAt: Date.now() }),
    ],
    ['sessions', (state, userId) => state.addSession('user-session', userId)],
    ['sessions', (state, userId) => (state.addSession('compat-session', userId).finishedAt = Date.now())],
  ])('an account of its own that has %s is warned of', async (what, change) => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas()
    const { id } = mas.state.addUser('registration')
    await mas.state.synapse?.provision({ localpart: 'registration', locked: false })
    change(mas.state, id)
    const findings = await examine({ synapse, mas: client })
    expect(wrong(findings)).toEqual([{ check: 'homeserver.token', level: 'warning', key: 'mas.account' }])
    expect(findings.find(({ level }) => level === 'warning')?.found).toContain(what)
    expect(withoutRemedy(findings)).toEqual([])
  })

  test('the MAS of another homeserver is told', async () => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas({ domain: 'other.test' })
    mas.state.addUser('registration')
    const findings = await examine({ synapse, mas: client })
    expect(wrong(findings)[0]).toEqual({ check: 'mas.domain', level: 'error', key: 'mas.server' })
  })

  test.each<[string, Partial<MasOptions>, string, 'error' | 'warning']>([
    ['no sign-in with a password', { passwords: false }, 'homeserver.password_login', 'error'],
    ['registration for everybody', { registration: 'open' }, 'homeserver.own_registration', 'error'],
    [
      'another service that asks for a token',
      { registration: 'token', providers: ['GitHub'] },
      'homeserver.upstream_providers',
      'warning',
    ],
  ])('%s at MAS itself is told, with its setting', async (_, options, check, level) => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas(options)
    mas.state.addUser('registration')
    await mas.state.synapse?.provision({ localpart: 'registration', locked: false })
    const findings = await examine({ synapse, mas: client })
    expect(wrong(findings)).toEqual([{ check, level, key: null }])
    expect(findings.find((finding) => finding.check === check)?.remedy).toContain("MAS's config.yaml")
  })

  test('another service that gives accounts to whoever signs in by it is told, with its name', async () => {
    const { examine, synapse, client, mas } = await aDoctorWorldWithMas({ providers: ['GitHub'] })
    mas.state.addUser('registration')
    await mas.state.synapse?.provision({ localpart: 'registration', locked: false })
    const findings = await examine({ synapse, mas: client })
    expect(wrong(findings)).toEqual([
      { check: 'homeserver.own_registration', level: 'warning', key: null },
      { check: 'homeserver.upstream_providers', level: 'warning', key: null },
    ])
    const told = findings.find(({ check }) => check === 'homeserver.own_registration')
    expect(told?.found).toContain('GitHub')
    expect(told?.remedy).toContain("MAS's config.yaml")
  })

  test('a homeserver that is set up for the other kind is told', async () => {
    const { examine, synapse } = await aDoctorWorldWithMas()
    const findings = await examine({ synapse: { ...synapse, admin_token: 'token' } })
    expect(wrong(findings)).toEqual([
      { check: 'homeserver.delegation', level: 'error', key: 'synapse.server' },
    ])
  })
})
