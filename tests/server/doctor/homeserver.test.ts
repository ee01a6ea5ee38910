import { describe, expect, test } from 'vitest'
import type { StandInOptions } from '../../../src/stand-in/homeserver'
import {
  aDoctorWorld,
  DOMAIN,
  notAsked,
  SECRETS,
  whyNotAsked,
  withoutRemedy,
  wrong,
  type Tree,
} from '../../support/doctor-world'

describe('of the homeserver', () => {
  test.each<[string, Tree, string, string | null, string]>([
    [
      'an address where nobody answers',
      { server: 'http://127.0.0.1:1' },
      'homeserver.address',
      'synapse.server',
      'the address of the homeserver has to be right first',
    ],
    [
      'a host that is not there',
      { server: 'http://nowhere.invalid' },
      'homeserver.address',
      'synapse.server',
      'the address of the homeserver has to be right first',
    ],
    [
      'a token that is none',
      { admin_token: 'other' },
      'homeserver.token',
      'synapse.admin_token',
      'the access token is not right',
    ],
    [
      'another domain',
      { domain: 'another.test' },
      'homeserver.domain',
      'synapse.domain',
      'it is the token of another homeserver',
    ],
  ])('%s is told by its key, and as the reason for the rest', async (_, synapse, check, key, why) => {
    const { examine, standIn } = await aDoctorWorld()
    const findings = await examine({
      synapse: { server: standIn.url, domain: DOMAIN, admin_token: SECRETS.token, ...synapse },
    })
    expect(wrong(findings)).toEqual([{ check, level: 'error', key }])
    expect(withoutRemedy(findings)).toEqual([])
    expect(notAsked(findings)).toEqual(expect.arrayContaining(['homeserver.consent', 'rooms.auto_join']))
    expect(whyNotAsked(findings, 'rooms.auto_join')).toBe(why)
  })

  test('a token of somebody who is no administrator is told by its key', async () => {
    const { examine, standIn } = await aDoctorWorld()
    for (const user of standIn.users.values()) user.admin = false
    const [first] = (await examine()).filter(({ level }) => level === 'error')
    expect(first).toMatchObject({ check: 'homeserver.token', key: 'synapse.admin_token' })
  })

  test('a proxy that keeps the admin API back is told', async () => {
    const { examine, standIn } = await aDoctorWorld()
    standIn.faults = ({ path }) =>
      path.startsWith('/_synapse/admin') ? { status: 403, body: 'no' } : undefined
    const findings = await examine()
    expect(wrong(findings)).toEqual([
      { check: 'homeserver.admin_api', level: 'error', key: 'synapse.server' },
    ])
    expect(whyNotAsked(findings, 'homeserver.token')).toBe('the admin API has to be right first')
    expect(whyNotAsked(findings, 'rooms.auto_join')).toBe('the admin API has to be right first')
  })

  test('one that does not answer takes five seconds, and is told', async () => {
    const { examine, standIn } = await aDoctorWorld()
    standIn.faults = () => 'hang'
    expect(wrong(await examine())).toEqual([
      { check: 'homeserver.address', level: 'error', key: 'synapse.server' },
    ])
  }, 20_000)

  test.each<[string, Partial<StandInOptions>, string]>([
    [
      'accounts that another service manages',
      { delegatesTo: 'https://auth.example.test/' },
      'homeserver.delegation',
    ],
    ['no sign-in with a password', { passwords: false }, 'homeserver.password_login'],
    ['registration for everybody', { registration: 'open' }, 'homeserver.own_registration'],
  ])('%s is told', async (_, options, check) => {
    const { examine } = await aDoctorWorld(options)
    const findings = await examine()
    expect(wrong(findings).map((finding) => finding.check)).toEqual([check])
    expect(withoutRemedy(findings)).toEqual([])
  })

  test('accounts that another service manages are one error, whatever else is gone with them', async () => {
    const { examine, standIn } = await aDoctorWorld({ delegatesTo: 'https://auth.example.test/' })
    // As a Synapse with MAS answers (1.160).
    const gone = { errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' }
    standIn.faults = ({ path }) =>
      /\/(?:login|whoami)$/.test(path) ? { status: 404, body: gone } : undefined
    const findings = await examine()
    expect(wrong(findings)).toEqual([
      { check: 'homeserver.delegation', level: 'error', key: 'synapse.server' },
    ])
    expect(notAsked(findings)).toEqual(
      expect.arrayContaining(['homeserver.token', 'homeserver.password_login', 'rooms.auto_join']),
    )
  })

  test.each([
    ['that is valid for long', 40, null],
    ['that ends soon', 9, 'warning'],
  ] as const)('a certificate %s is told so', async (_, days, level) => {
    const { examine, withTls } = await aDoctorWorld()
    const { server, certificate } = await withTls(days)
    const synapse = { server, domain: DOMAIN, admin_token: SECRETS.token, verify_cert: 'ca.pem' }
    const findings = await examine({ synapse }, { files: { 'ca.pem': certificate } })
    expect(wrong(findings)).toEqual(
      level === null ? [] : [{ check: 'homeserver.certificate', level, key: 'synapse.server' }],
    )
    const told = findings.find(({ check }) => check === 'homeserver.certificate')
    expect(told?.found).toMatch(new RegExp(`\\b${days - 1}\\b`))
  })

  test('a certificate that nobody knows is told, and one that is not checked, too', async () => {
    const { examine, withTls } = await aDoctorWorld()
    const { server } = await withTls(40)
    const synapse = { server, domain: DOMAIN, admin_token: SECRETS.token }
    const findings = await examine({ synapse })
    expect(wrong(findings)).toEqual([{ check: 'homeserver.address', level: 'error', key: 'synapse.server' }])
    expect(findings.find(({ level }) => level === 'error')?.remedy).toContain('synapse.verify_cert')
    expect(wrong(await examine({ synapse: { ...synapse, verify_cert: false } }))).toContainEqual({
      check: 'homeserver.certificate',
      level: 'warning',
      key: 'synapse.verify_cert',
    })
  })

  test.each(['closed', 'token'] as const)(
    'single sign-on is told with its names where registration is %s',
    async (registration) => {
      const { examine } = await aDoctorWorld({ registration, providers: ['GitHub', 'GitLab'] })
      const findings = await examine()
      expect(wrong(findings)).toEqual([{ check: 'homeserver.own_registration', level: 'warning', key: null }])
      const told = findings.find(({ check }) => check === 'homeserver.own_registration')
      expect(told?.found).toContain('GitHub, GitLab')
      expect(told?.remedy).toContain('enable_registration: false')
    },
  )

  test('registration with a token is nobody’s fault', async () => {
    const { examine } = await aDoctorWorld({ registration: 'token' })
    expect(wrong(await examine())).toEqual([])
  })

  test('a clock that is wrong by more than a minute is told, in both directions', async () => {
    const { examine } = await aDoctorWorld()
    for (const off of [-150_000, 150_000])
      expect(wrong(await examine({}, { clock: () => Date.now() + off }))).toEqual([
        { check: 'homeserver.clock', level: 'warning', key: null },
      ])
    expect(wrong(await examine({}, { clock: () => Date.now() + 40_000 }))).toEqual([])
  })

  test.each([
    ['form_secret', { form_secret: 'another secret' }],
    ['consent_version', { consent_version: '9.9' }],
  ])('%s that does not fit is told by its key', async (key, change) => {
    const { examine } = await aDoctorWorld()
    const findings = await examine({
      consent_version: '1.0',
      form_secret: SECRETS.formSecret,
      legal: [{ title: 'Rules', url: 'http://127.0.0.1:1/rules' }],
      ...change,
    })
    expect(wrong(findings).filter(({ check }) => check !== 'site.legal')).toEqual([
      { check: 'homeserver.consent', level: 'error', key },
    ])
  })

  test('rooms that Synapse itself joins new accounts to are told by an account that waits', async () => {
    const { examine, standIn } = await aDoctorWorld({ autoJoinRooms: [`#welcome:${DOMAIN}`] })
    const room = standIn.room(`#welcome:${DOMAIN}`)
    const [admin] = standIn.users.values()
    if (admin === undefined || room === undefined) throw new Error('The stand-in has no administrator')
    const id = `@waits:${DOMAIN}`
    standIn.users.set(id, { ...admin, id, localpart: 'waits', admin: false, locked: true })
    room.members.add(id)
    expect(wrong(await examine())).toEqual([
      { check: 'homeserver.auto_join_rooms', level: 'warning', key: 'registration.password' },
    ])
    room.members.delete(id)
    expect(wrong(await examine())).toEqual([])
  })

  describe('with more accounts than a page has', () => {
    const auto = 'homeserver.auto_join_rooms'
    /** So many people, all before the one who waits in the room `#welcome`. */
    async function aCrowd(count: number) {
      const world = await aDoctorWorld({ autoJoinRooms: [`#welcome:${DOMAIN}`] })
      const { standIn } = world
      const [admin] = standIn.users.values()
      if (admin === undefined) throw new Error('The stand-in has no administrator')
      const add = (localpart: string, locked: boolean) => {
        const id = `@${localpart}:${DOMAIN}`
        standIn.users.set(id, { ...admin, id, localpart, admin: false, locked })
        return id
      }
      for (let index = 0; index < count; index++) add(`person${String(index).padStart(5, '0')}`, false)
      standIn.room(`#welcome:${DOMAIN}`)?.members.add(add('waits', true))
      return world
    }

    test('an account that waits is found on a later page', async () => {
      const { examine } = await aCrowd(450)
      expect(wrong(await examine())).toEqual([
        { check: auto, level: 'warning', key: 'registration.password' },
      ])
    })

    test('where there are too many to look at all, that is said', async () => {
      const { examine } = await aCrowd(10_200)
      const findings = await examine()
      expect(wrong(findings)).toEqual([])
      expect(whyNotAsked(findings, auto)).toBe(
        'only an account that waits for a decision would show it, and none was found before this took too long',
      )
    }, 20_000)
  })
})
