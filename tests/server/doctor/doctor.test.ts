import { expect, test } from 'vitest'
import { aDoctorWorld, DOMAIN, notAsked, SECRETS, wrong } from '../../support/doctor-world'

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
