import { fitnessOf } from '$lib/moderation/room-fitness'
import { parseUsername } from '$lib/registration/username'
import { HomeserverError } from '../homeserver/homeserver'
import { problemIn } from './finding'
import type { HomeserverWorld } from './homeserver-world'

/** The checks of the rooms, in their order. */
export const ROOM_CHECKS = [
  'rooms.auto_join',
  'rooms.bot',
  'rooms.admin_room',
  'rooms.decide',
  'rooms.welcome',
]

/** Each room that the configuration names: whether it is there, and this program can do there what it is for. */
export async function checkRooms(world: HomeserverWorld, userId: string): Promise<void> {
  const { report, config } = world
  const { adminRoom, welcome } = config.matrixNotifications
  if (config.autoJoin.length === 0)
    report.ok('rooms.auto_join', 'auto_join', 'New accounts join no rooms automatically')
  for (const room of config.autoJoin)
    await checkRoom(world, { check: 'rooms.auto_join', key: 'auto_join', room, userId, to: 'invite' })
  const { speaker, speaks } = await checkBot(world, userId)
  const broughtBy = config.roomBot?.account === undefined ? speaker : userId
  if (adminRoom === null)
    report.ok('rooms.admin_room', 'matrix_notifications.admin_room.room_id', 'No room is told of requests')
  else
    await checkRoom(world, {
      check: 'rooms.admin_room',
      key: 'matrix_notifications.admin_room.room_id',
      room: adminRoom.room,
      userId: speaker,
      broughtBy,
      to: 'write',
      isPrivate: true,
    })
  await checkDecisions(world, speaker, speaks)
  if (welcome === null)
    report.ok('rooms.welcome', 'matrix_notifications.welcome.enabled', 'New people get no welcome message')
  else if (welcome.room === null)
    report.ok('rooms.welcome', 'matrix_notifications.welcome.room_id', 'Each welcome has its own direct chat')
  else
    await checkRoom(world, {
      check: 'rooms.welcome',
      key: 'matrix_notifications.welcome.room_id',
      room: welcome.room,
      userId: speaker,
      broughtBy,
      to: 'write',
    })
}

/**
 * Whether there is an account of its own that speaks in rooms, and may; answers whose messages they are, and whether it
 * can speak now.
 */
async function checkBot(
  { report, config: { roomBot }, homeserver, bot }: HomeserverWorld,
  userId: string,
): Promise<{ speaker: string; speaks: boolean }> {
  const check = 'rooms.bot'
  if (bot === null) {
    report.ok(check, 'matrix_notifications.bot', `${userId} sends the messages in rooms`)
    return { speaker: userId, speaks: true }
  }
  const key = roomBot?.token === undefined ? 'matrix_notifications.bot' : 'matrix_notifications.bot_token'
  let speaker = userId
  let speaks = false
  await report.look(
    { check, key, remedy: 'Check that this account is there and not locked' },
    async (told) => {
      speaker = await bot.userId()
      const parsed = parseUsername(speaker, homeserver.domain)
      const account = parsed.ok ? await homeserver.account(parsed.value) : null
      try {
        await bot.whoAmI()
        speaks = true
      } catch (error) {
        if (!(error instanceof HomeserverError) || error.kind !== 'missing') throw error
        if (account === null)
          told.ok(check, key, `${speaker} is created when something is first said in a room`)
        else
          told.error(check, key, {
            found: `${speaker} exists, and this program has no access token for it`,
            remedy: `Set matrix_notifications.bot to a username that nobody has, unless this program made it and speaks later`,
          })
        return
      }
      if (account?.administrator === true)
        told.warning(check, key, {
          found: `${speaker} sends the messages in rooms, and is a server administrator`,
          remedy: 'Take that right from it: nothing in a room needs it',
        })
      else told.ok(check, key, `${speaker} sends the messages in rooms, and its access token is accepted`)
    },
  )
  return { speaker, speaks }
}

/** Whether moderators can decide in their room, if they are to. Nothing is made for that. */
async function checkDecisions(
  { report, config, homeserver, roomReader }: HomeserverWorld,
  speaker: string,
  speaks: boolean,
): Promise<void> {
  const check = 'rooms.decide'
  const key = 'matrix_notifications.admin_room.decide'
  const { adminRoom } = config.matrixNotifications
  if (adminRoom === null || adminRoom.decide === 'off' || roomReader === null)
    return report.ok(check, key, 'Requests are decided on the pages only')
  if (!speaks) return report.notAsked([check], `${speaker} cannot read a room yet`)
  const { room } = adminRoom
  await report.look(
    { check, key, remedy: 'Check that the account that reads the room is in it' },
    async (told) => {
      const traits = await roomReader.traits(await homeserver.roomId(room))
      if (traits === null) return told.notAsked([check], `${speaker} is not in ${room} yet`)
      const { notes } = fitnessOf(traits)
      for (const [note, text] of notes) {
        const { found, remedy } = problemIn(new Error(text))
        const problem = { found, remedy: remedy ?? 'Use a room that fits (docs/moderators-room.md)' }
        if (note === 'room_open' || note === 'room_replaced') told.error(check, key, problem)
        else told.warning(check, key, problem)
      }
      if (notes.size === 0) told.ok(check, key, `Linked moderators can decide in ${room}`)
    },
  )
}

async function checkRoom(
  world: HomeserverWorld,
  {
    check,
    key,
    room,
    userId,
    to,
    broughtBy = userId,
    isPrivate = false,
  }: {
    check: string
    key: string
    room: string
    userId: string
    to: 'invite' | 'write'
    /** The account that brings that one into the room, if it may invite. */
    broughtBy?: string
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
      if (!isIn && !(broughtBy !== userId && (await inspection.room(room, broughtBy)).mayInvite)) {
        told.error(check, key, {
          found: `${userId} is not in ${room}`,
          remedy:
            broughtBy === userId
              ? 'Invite that account into the room and accept the invitation with it'
              : `Invite that account into the room, or ${broughtBy}, which then brings it in`,
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
