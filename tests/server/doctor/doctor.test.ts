import { userInfo } from 'node:os'
import { expect, test, vi } from 'vitest'
import { aDoctorWorld, DOMAIN, notAsked, SECRETS, wrong } from '../../support/doctor-world'

vi.mock('node:os', { spy: true })

test('where everything is right, nothing is to be done, and nothing was changed', async () => {
  const world = await aDoctorWorld()
  const before = JSON.stringify([...world.standIn.users, ...world.standIn.rooms])
  const findings = await world.examine({
    consent_version: '1.0',
    form_secret: SECRETS.formSecret,
    legal: [{ title: 'Rules', url: `${world.standIn.url}/_matrix/client/versions` }],
    auto_join: [`#lobby:${DOMAIN}`],
    matrix_notifications: { enabled: true, admin_room: { room_id: `#moderators:${DOMAIN}` } },
  })
  expect(wrong(findings)).toEqual([])
  expect(notAsked(findings).filter((check) => !check.startsWith('work.'))).toEqual([
    'homeserver.auto_join_rooms',
    'site.address',
    'site.host',
    'site.client_address',
    'site.live_updates',
    'site.compression',
  ])
  const after = JSON.stringify([...world.standIn.users, ...world.standIn.rooms])
  expect(after.replace(/"lastSeenAt":\d+/g, '')).toBe(before.replace(/"lastSeenAt":(?:\d+|null)/g, ''))
})

test('settings that were changed since the start are told to the running service', async () => {
  const { examine } = await aDoctorWorld()
  const settings = { secret_key: 'k'.repeat(50) }
  expect(wrong(await examine(settings, { running: settings }))).toEqual([
    { check: 'site.address', level: 'error', key: 'site.url' },
  ])
  const changed = await examine({ ...settings, trust_proxy: true }, { running: settings })
  expect(wrong(changed)[0]).toEqual({ check: 'config.running', level: 'warning', key: null })
  const unknown = await examine({ trust_proxy: true }, { running: settings })
  expect(wrong(unknown), 'the key of the file is another problem').toEqual([])
})

test('a user without a name is told by number', async () => {
  const { examine } = await aDoctorWorld()
  vi.mocked(userInfo).mockImplementationOnce(() => {
    throw new Error('A system error occurred: uv_os_get_passwd returned ENOENT')
  })
  const findings = await examine()
  expect(findings.find(({ check }) => check === 'program.user')?.found).toMatch(/^It runs as uid \d+ in /)
})

test('a configuration that is wrong is told in all its parts, and nothing else is asked', async () => {
  const { examine } = await aDoctorWorld()
  const findings = await examine({ email: { port: 'none' }, admin: { email: 'nobody' } })
  expect(wrong(findings).every(({ check }) => check === 'config.settings')).toBe(true)
  expect(wrong(findings).length).toBeGreaterThan(1)
  expect(notAsked(findings)).toContain('homeserver')
})

test('an example of config.dist.yaml that was left is told by its key', async () => {
  const { examine } = await aDoctorWorld()
  const [first] = (await examine({ admin: { email: 'admin@your.server' } })).filter(
    ({ level }) => level === 'error',
  )
  expect(first).toMatchObject({ check: 'config.placeholders', found: expect.stringContaining('admin.email') })
  expect(first?.remedy).toMatch(/^Replace it/)
})
