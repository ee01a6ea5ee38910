import { describe, expect, test } from 'vitest'
import type { StandInOptions } from '../../../src/stand-in/homeserver'
import {
  aDoctorWorld,
  DOMAIN,
  notAsked,
  SECRETS,
  withoutRemedy,
  wrong,
  type Tree,
} from '../../support/doctor-world'

describe('of the homeserver', () => {
  test.each<[string, Tree, string, string | null]>([
    [
      'an address where nobody answers',
      { server: 'http://127.0.0.1:1' },
      'homeserver.address',
      'synapse.server',
    ],
    [
      'a host that is not there',
      { server: 'http://nowhere.invalid' },
      'homeserver.address',
      'synapse.server',
    ],
    ['a token that is none', { admin_token: 'other' }, 'homeserver.token', 'synapse.admin_token'],
    ['another domain', { domain: 'another.test' }, 'homeserver.domain', 'synapse.domain'],
  ])('%s is told by its key', async (_, synapse, check, key) => {
    const { examine, standIn } = await aDoctorWorld()
    const findings = await examine({
      synapse: { server: standIn.url, domain: DOMAIN, admin_token: SECRETS.token, ...synapse },
    })
    expect(wrong(findings)).toEqual([{ check, level: 'error', key }])
    expect(withoutRemedy(findings)).toEqual([])
    expect(notAsked(findings)).toEqual(expect.arrayContaining(['homeserver.consent', 'rooms.auto_join']))
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
    expect(wrong(await examine())).toEqual([
      { check: 'homeserver.admin_api', level: 'error', key: 'synapse.server' },
    ])
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

  test('registration with a token is nobody’s fault', async () => {
    const { examine } = await aDoctorWorld({ registration: 'token' })
    expect(wrong(await examine())).toEqual([])
  })

  test('a clock that is wrong by more than a minute is told, in both directions', async () => {
    const { examine } = await aDoctorWorld()
    for (const off of [-150_000, 150_000])
      expect(wrong(await examine({}, () => Date.now() + off))).toEqual([
        { check: 'homeserver.clock', level: 'warning', key: null },
      ])
    expect(wrong(await examine({}, () => Date.now() + 40_000))).toEqual([])
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
})
