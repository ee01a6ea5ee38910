import { describe, expect, test } from 'vitest'
import type { StandIn } from '../../../src/stand-in/homeserver'
import { aDoctorWorld, DOMAIN, withoutRemedy, wrong, type Tree } from '../../support/doctor-world'

describe('of the rooms', () => {
  const lobby = `#lobby:${DOMAIN}`
  const inRoom = async (change: (room: NonNullable<ReturnType<StandIn['room']>>) => void, settings: Tree) => {
    const { examine, standIn } = await aDoctorWorld()
    const room = standIn.room(lobby)
    if (room === undefined) throw new Error('The stand-in has no lobby')
    room.public = false
    change(room)
    const findings = await examine(settings)
    expect(withoutRemedy(findings)).toEqual([])
    return wrong(findings)
  }
  const admin = `@admin:${DOMAIN}`
  const told = { enabled: true, admin_room: { room_id: lobby } }
  const welcomed = { enabled: true, welcome: { enabled: true, room_id: lobby } }

  test.each<[string, Parameters<typeof inRoom>[0], Tree, { level: string; key: string } | null]>([
    ['to join, is right', () => undefined, { auto_join: [lobby] }, null],
    [
      'to join, where the account is not, is an error',
      (room) => room.members.delete(admin),
      { auto_join: [lobby] },
      { level: 'error', key: 'auto_join' },
    ],
    [
      'to join, where it is not but anybody may, is right',
      (room) => {
        room.members.delete(admin)
        room.public = true
      },
      { auto_join: [lobby] },
      null,
    ],
    [
      'to join, where it may not invite, is an error',
      (room) => (room.power = { invite: 50, users: {} }),
      { auto_join: [lobby] },
      { level: 'error', key: 'auto_join' },
    ],
    [
      'for moderators, where it may not write, is an error',
      (room) => (room.power = { events_default: 50, users: {} }),
      { matrix_notifications: told },
      { level: 'error', key: 'matrix_notifications.admin_room.room_id' },
    ],
    [
      'for moderators, that anybody can join, is a warning',
      (room) => (room.public = true),
      { matrix_notifications: told },
      { level: 'warning', key: 'matrix_notifications.admin_room.room_id' },
    ],
    [
      'for moderators, that is encrypted, is a warning',
      (room) => (room.encrypted = true),
      { matrix_notifications: told },
      { level: 'warning', key: 'matrix_notifications.admin_room.room_id' },
    ],
    [
      'for moderators, where it is invited, is right',
      (room) => {
        room.members.delete(admin)
        room.invited.add(admin)
      },
      { matrix_notifications: told },
      null,
    ],
    [
      'to welcome people in, where it may not write, is an error',
      (room) => (room.power = { events: { 'm.room.message': 10 }, users: {} }),
      { matrix_notifications: welcomed },
      { level: 'error', key: 'matrix_notifications.welcome.room_id' },
    ],
  ])('one %s', async (_, change, settings, finding) => {
    expect((await inRoom(change, settings)).map(({ level, key }) => ({ level, key }))).toEqual(
      finding === null ? [] : [finding],
    )
  })

  test('one that is not there is told by its key', async () => {
    const { examine } = await aDoctorWorld()
    expect(wrong(await examine({ auto_join: [`#nowhere:${DOMAIN}`] }))).toEqual([
      { check: 'rooms.auto_join', level: 'error', key: 'auto_join' },
    ])
  })
})
