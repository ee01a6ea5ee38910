import type { HomeserverWorld } from './homeserver-world'

/** The checks of the rooms, in their order. */
export const ROOM_CHECKS = ['rooms.auto_join', 'rooms.admin_room', 'rooms.welcome']

/** Each room that the configuration names: whether it is there, and this program can do there what it is for. */
export async function checkRooms(world: HomeserverWorld, userId: string): Promise<void> {
  const { report, config } = world
  const { adminRoom, welcome } = config.matrixNotifications
  if (config.autoJoin.length === 0)
    report.ok('rooms.auto_join', 'auto_join', 'New people join no room by themselves')
  for (const room of config.autoJoin)
    await checkRoom(world, { check: 'rooms.auto_join', key: 'auto_join', room, userId, to: 'invite' })
  if (adminRoom === null)
    report.ok('rooms.admin_room', 'matrix_notifications.admin_room.room_id', 'No room is told of requests')
  else
    await checkRoom(world, {
      check: 'rooms.admin_room',
      key: 'matrix_notifications.admin_room.room_id',
      room: adminRoom.room,
      userId,
      to: 'write',
      isPrivate: true,
    })
  if (welcome === null)
    report.ok('rooms.welcome', 'matrix_notifications.welcome.enabled', 'New people get no welcome message')
  else if (welcome.room === null)
    report.ok('rooms.welcome', 'matrix_notifications.welcome.room_id', 'Each welcome has its own direct chat')
  else
    await checkRoom(world, {
      check: 'rooms.welcome',
      key: 'matrix_notifications.welcome.room_id',
      room: welcome.room,
      userId,
      to: 'write',
    })
}

async function checkRoom(
  world: HomeserverWorld,
  {
    check,
    key,
    room,
    userId,
    to,
    isPrivate = false,
  }: {
    check: string
    key: string
    room: string
    userId: string
    to: 'invite' | 'write'
    /** Whether what is said there is not for everybody. */
    isPrivate?: boolean
  },
): Promise<void> {
  const { report, inspection } = world
  await report.look(
    { check, key, remedy: 'Check the room ID or alias, with quotes around it' },
    async (told) => {
      const seen = await inspection.room(room, userId)
      const isIn = seen.joined || (to === 'write' ? seen.mayJoin : seen.public)
      if (!isIn) {
        told.error(check, key, {
          found: `${userId} is not in ${room}`,
          remedy: 'Invite that account into the room and accept the invitation with it',
        })
        return
      }
      const may = to === 'invite' ? seen.mayInvite || seen.public : seen.mayWrite || !seen.joined
      if (!may)
        told.error(check, key, {
          found: `${userId} is in ${room}, but may not ${to === 'invite' ? 'invite anybody' : 'write'} there`,
          remedy: 'Give that account a higher power level in the room',
        })
      else if (to === 'write' && seen.encrypted)
        told.warning(check, key, {
          found: `${room} is encrypted, and what this program writes there is not`,
          remedy: 'Use a room without encryption, or mind that the homeserver can read these messages',
        })
      else if (isPrivate && seen.public)
        told.warning(check, key, {
          found: `Anybody can join ${room}, where moderators are told who requests an account`,
          remedy: 'Make the room private (by invitation)',
        })
      else told.ok(check, key, `${room} is there, and ${userId} may ${to === 'invite' ? 'invite' : 'write'}`)
    },
  )
}
