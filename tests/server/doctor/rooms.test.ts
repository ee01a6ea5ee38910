import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import type { StandIn } from '../../../src/stand-in/homeserver'
import type { Finding } from '$lib/server/doctor/finding'
import { aDoctorWorld, DOMAIN, SECRETS, withoutRemedy, wrong, type Tree } from '../../support/doctor-world'

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

  describe('with an account that speaks in them', () => {
    const moderators = `#moderators:${DOMAIN}`
    const speaking = (bot: Tree) => ({
      matrix_notifications: { enabled: true, admin_room: { room_id: moderators }, ...bot },
    })
    const bot = `@room-bot:${DOMAIN}`
    /** One that an operator made, who gave us its token. */
    async function aBot(world: Awaited<ReturnType<typeof aDoctorWorld>>) {
      const { standIn } = world
      const headers = { authorization: `Bearer ${SECRETS.token}` }
      const users = `${standIn.url}/_synapse/admin`
      await fetch(`${users}/v2/users/${bot}`, { method: 'PUT', headers, body: '{}' })
      const answer = await fetch(`${users}/v1/users/${bot}/login`, { method: 'POST', headers, body: '{}' })
      const { access_token: token } = v.parse(v.object({ access_token: v.string() }), await answer.json())
      return token
    }

    test('one that is made later is right, and nothing is made', async () => {
      const { examine, standIn } = await aDoctorWorld()
      const findings = await examine(speaking({ bot: 'room-bot' }))
      expect(wrong(findings)).toEqual([])
      expect(findings.find(({ check }) => check === 'rooms.bot')?.found).toContain('is created when')
      expect(standIn.users.has(bot)).toBe(false)
    })

    test('one that exists and is not ours is an error', async () => {
      const world = await aDoctorWorld()
      await aBot(world)
      const findings = await world.examine(speaking({ bot: 'room-bot' }))
      expect(wrong(findings)).toEqual([
        { check: 'rooms.bot', level: 'error', key: 'matrix_notifications.bot' },
      ])
      expect(withoutRemedy(findings)).toEqual([])
    })

    test('one whose token is accepted is right, once it is in the room', async () => {
      const world = await aDoctorWorld()
      const token = await aBot(world)
      world.standIn.room(moderators)?.invited.add(bot)
      const findings = await world.examine(speaking({ bot_token: token }))
      expect(wrong(findings)).toEqual([])
      expect(findings.find(({ check }) => check === 'rooms.admin_room')?.found).toContain(bot)
    })

    test('one that is in a room without the operator’s, and may not write there, is an error', async () => {
      const world = await aDoctorWorld()
      const token = await aBot(world)
      const room = world.standIn.room(moderators)
      if (room === undefined) throw new Error('The stand-in has no room for moderators')
      room.members.clear()
      room.members.add(bot)
      expect(wrong(await world.examine(speaking({ bot_token: token })))).toEqual([])
      room.power = { events_default: 50 }
      expect(wrong(await world.examine(speaking({ bot_token: token })))).toEqual([
        { check: 'rooms.admin_room', level: 'error', key: 'matrix_notifications.admin_room.room_id' },
      ])
    })

    test('one that is in no room, and that nobody brings in, is told with whom to invite', async () => {
      const world = await aDoctorWorld()
      const token = await aBot(world)
      const examine = async (settings: Tree) => {
        const findings = await world.examine(speaking(settings))
        expect(findings.find(({ check }) => check === 'rooms.admin_room')).toMatchObject({
          level: 'error',
          key: 'matrix_notifications.admin_room.room_id',
          found: expect.stringContaining(bot),
          remedy: expect.stringMatching(/^Invite that account/),
        })
      }
      await examine({ bot_token: token })
      world.standIn.room(moderators)?.members.clear()
      await examine({ bot: 'room-bot' })
    })

    test('a token that is refused is told by its key, without it', async () => {
      const { examine } = await aDoctorWorld()
      const findings = await examine(speaking({ bot_token: 'syt_of_nobody' }))
      expect(wrong(findings)[0]).toEqual({
        check: 'rooms.bot',
        level: 'error',
        key: 'matrix_notifications.bot_token',
      })
      expect(withoutRemedy(findings)).toEqual([])
      expect(JSON.stringify(findings)).not.toContain('syt_of_nobody')
    })

    describe('that moderators decide in', () => {
      const deciding = (bot: Tree) => ({
        matrix_notifications: {
          enabled: true,
          admin_room: { room_id: moderators, decide: 'reactions' },
          ...bot,
        },
      })
      const about = (findings: Finding[]) => findings.filter(({ check }) => check === 'rooms.decide')

      test.each<[string, Parameters<typeof inRoom>[0], { level: string; found: RegExp; remedy: RegExp }[]]>([
        ['is right, if only they are in it', () => undefined, []],
        [
          'must not be public',
          (room) => (room.public = true),
          [{ level: 'error', found: /anybody can join it/, remedy: /^Make it invite-only/ }],
        ],
        [
          'must not be readable for all',
          (room) => room.state.set('m.room.history_visibility', { history_visibility: 'world_readable' }),
          [{ level: 'error', found: /anybody can read it/, remedy: /^Let only members/ }],
        ],
        [
          'must not be in the directory',
          (room) => (room.listed = true),
          [{ level: 'error', found: /listed in the room directory/, remedy: /^Remove it/ }],
        ],
        [
          'must be the newest',
          (room) => room.state.set('m.room.tombstone', { replacement_room: `!new:${DOMAIN}` }),
          [{ level: 'error', found: /replaced by !new:/, remedy: /^Check who is in the new one/ }],
        ],
        [
          'that is gone has a remedy, too',
          (room) => room.state.set('m.room.tombstone', {}),
          [{ level: 'error', found: /replaced by another one/, remedy: /^Check who is in the new one/ }],
        ],
        [
          'is better not encrypted',
          (room) => (room.encrypted = true),
          [{ level: 'warning', found: /answers cannot be read/, remedy: /^Use a room without/ }],
        ],
        [
          'is better without other servers',
          (room) => room.members.add('@ben:elsewhere.test'),
          [{ level: 'warning', found: /elsewhere\.test/, remedy: /^Use a room that is not federated/ }],
        ],
      ])('%s', async (_, change, expected) => {
        const world = await aDoctorWorld()
        const token = await aBot(world)
        const room = world.standIn.room(moderators)
        if (room === undefined) throw new Error('The stand-in has no room for moderators')
        room.members.add(bot)
        change(room)
        const found = about(await world.examine(deciding({ bot_token: token })))
        expect(found.filter(({ level }) => level !== 'ok')).toEqual(
          expected.map(({ level, found, remedy }) => ({
            check: 'rooms.decide',
            level,
            key: 'matrix_notifications.admin_room.decide',
            found: expect.stringMatching(found),
            remedy: expect.stringMatching(remedy),
          })),
        )
        expect(found).toHaveLength(1)
      })

      test('is not looked at before the account is there and in it, and neither is made so', async () => {
        const world = await aDoctorWorld()
        expect(about(await world.examine(deciding({ bot: 'room-bot' })))).toMatchObject([
          { level: 'not_asked', found: `${bot} cannot read a room yet` },
        ])
        expect(world.standIn.users.has(bot)).toBe(false)
        const token = await aBot(world)
        world.standIn.room(moderators)?.invited.add(bot)
        expect(about(await world.examine(deciding({ bot_token: token })))).toMatchObject([
          { level: 'not_asked', found: `${bot} is not in ${moderators} yet` },
        ])
        expect(world.standIn.room(moderators)?.members.has(bot)).toBe(false)
      })

      test('is not looked at where nobody decides in it', async () => {
        const world = await aDoctorWorld()
        const token = await aBot(world)
        const room = world.standIn.room(moderators)
        room?.members.add(bot)
        if (room !== undefined) room.listed = true
        const found = about(await world.examine(speaking({ bot_token: token })))
        expect(found).toMatchObject([{ level: 'ok', found: 'Requests are decided on the pages only' }])
      })
    })

    test('one that is a server administrator’s is a warning', async () => {
      const world = await aDoctorWorld()
      const token = await aBot(world)
      const user = world.standIn.users.get(bot)
      if (user !== undefined) user.admin = true
      const findings = await world.examine(speaking({ bot_token: token }))
      expect(wrong(findings)[0]).toMatchObject({ check: 'rooms.bot', level: 'warning' })
    })
  })
})
