import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { fitnessOf, ROOM_ANNOUNCEMENTS, type RoomAnnouncement } from '$lib/moderation/room-fitness'
import type { RoomEvent, RoomNews, RoomTraits, StandingReaction } from '$lib/moderation/room-event'
import type { NewJob } from '$lib/registration/job'
import { wishOfReaction } from '$lib/moderation/room-wish'
import { HOUR, MINUTE } from '$lib/registration/time'
import { findAskedEvents } from '../database/matrix-ids'
import type { Database, Transaction } from '../database/open'
import { findDecidingEvents, findSeenIds, putSeenEvent } from '../database/room-events'
import {
  deleteRoomNotice,
  findOpenNotices,
  findUnsettledNotices,
  isSending,
  type OpenNotice,
} from '../database/room-notices'
import {
  findStreamPosition,
  isRoomFree,
  leaseRoom,
  LONGEST_LEASE_MS,
  putStreamPosition,
  releaseRoom,
} from '../database/room-stream'
import { HomeserverError, type Homeserver } from '../homeserver/homeserver'
import { StreamLost, type RoomReader } from '../homeserver/room-reader'
import type { Announcements } from '../registrations/announcements'
import type { RoomDecisions } from './room-decisions'

/** How long another process's lease is left alone before it is looked at again. */
const LEASE_LOOK_MS = 15_000
const INVENTORY_MS = HOUR
/** What is sent goes to where the alias of the room leads at that time, and is to be heard there soon. */
const ALIAS_LOOK_MS = MINUTE
/** How long a room in which nothing may be decided is left alone. */
const UNFIT_LOOK_MS = 60_000
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000
/** While a message of ours is on its way that others may answer already. */
const EARLY_LOOK_MS = 5_000
/** What is refused is not tried more often. */
const REFUSED_WAIT_MS = 10 * 60_000

/** `moderation.undo_seconds` is never more. */
const LONGEST_UNDO_MS = HOUR

const SAY_ENCRYPTED: NewJob = {
  kind: 'answer_in_room',
  target: null,
  event: 'room_encrypted',
  says: 'encrypted_room',
}

type ReactionEvent = Extract<RoomEvent, { type: 'reaction' }>

/** Another process reads the room by now. */
class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/**
 * Reads the moderators' room and has done what is asked for there: in one process at a time, in the room's order, each
 * event once. It goes on where it stopped, and looks through the reactions that stand at the start, after gaps, and every
 * hour, because a homeserver that was restored from a backup hides what it lost.
 */
export function createRoomListener({
  database,
  homeserver,
  reader,
  decisions,
  announcements,
  room,
  owner,
  clock,
  random,
  log,
  onWork,
}: {
  database: Database
  homeserver: Pick<Homeserver, 'roomId' | 'enterRoom' | 'redact'>
  reader: RoomReader
  decisions: RoomDecisions
  announcements: Pick<Announcements, 'warnOnce' | 'warnAnew' | 'endOutage'>
  /** ID or alias. */
  room: string
  /** Identifies this process in the lease. */
  owner: string
  clock: () => number
  random: () => number
  log: Logger
  /** Something was decided: there may be jobs. */
  onWork: () => void
}) {
  const stopping = new AbortController()
  let running: Promise<void> | null = null
  let failures = 0
  /** When the room, and the reactions that stand in it, were last looked at; null: not since the start. */
  let lookedAt: number | null = null
  let roomId: string | null = null
  /** It was this process's to read: if it is closed by now, another one did that. */
  let hasRead = false
  /** When the homeserver last said that the configured room is that one, and up to where it was read before that. */
  let resolved: { at: number; since: string } | null = null

  async function lease(): Promise<boolean> {
    const now = clock()
    return database.write((tx) => leaseRoom(tx, { owner, now, until: now + LONGEST_LEASE_MS }))
  }

  /**
   * Nothing is stored by a process that was too slow, and whose place another one has taken, or that is about to be
   * replaced by one in which nothing is decided in the room.
   */
  async function assertLeased(tx: Transaction): Promise<void> {
    if (!(await isRoomFree(tx, owner, clock()))) throw new LeaseLost()
    if (hasRead && (await findStreamPosition(tx)) === 'closed') throw new LeaseLost()
  }

  async function announce(key: RoomAnnouncement, text: string, jobs: NewJob[] = []): Promise<void> {
    if (await announcements.warnOnce(key, text, jobs)) log.warn({ key }, text)
    else await announcements.warnAnew(key, text)
  }

  /** Tells moderators what is true of the room now, and no longer what is not; of encryption also who is in the room. */
  async function announceOnly(notes: Map<RoomAnnouncement, string>): Promise<void> {
    for (const key of ROOM_ANNOUNCEMENTS) {
      const text = notes.get(key)
      if (text === undefined) await announcements.endOutage(key, [])
      else await announce(key, text, key === 'room_encrypted' ? [SAY_ENCRYPTED] : [])
    }
    if (notes.has('room_encrypted')) onWork()
  }

  /** What the room is, once this program's account is in it: nothing need have been said there before. */
  async function traitsOf(id: string): Promise<RoomTraits | string> {
    const traits = await reader.traits(id)
    if (traits !== null) return traits
    try {
      await homeserver.enterRoom(room)
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.kind !== 'refused') throw error
      return error.message
    }
    return (await reader.traits(id)) ?? 'This program’s account was taken out of it: invite it.'
  }

  function fitness(traits: RoomTraits | string): ReturnType<typeof fitnessOf> {
    if (typeof traits !== 'string') return fitnessOf(traits)
    const text = `Nothing can be decided in the moderators’ room. ${traits}`
    return { fit: false, notes: new Map([['room_not_read', text]]) }
  }

  async function applyAll(id: string, events: RoomEvent[], next: string | null): Promise<void> {
    const last = events.at(-1)
    for (const event of events)
      await decisions.apply(id, event, async (tx) => {
        await assertLeased(tx)
        if (next !== null && event === last) await putStreamPosition(tx, { room: id, since: next }, clock())
      })
    if (events.length > 0) onWork()
  }

  /** What was taken out of the room without our hearing of it, and decided what can still be undone. */
  async function applyRedactions(id: string): Promise<void> {
    for (const target of await database.read((tx) => findDecidingEvents(tx, id, clock()))) {
      const redaction = await unlessRefused(reader.redactionOf(id, target), target)
      if (redaction !== null) await applyAll(id, [{ type: 'redaction', target, ...redaction }], null)
    }
  }

  /** The reactions that stand under messages that ask for one, except those that were dealt with. */
  async function takeInventory(id: string): Promise<void> {
    await applyRedactions(id)
    for (const eventId of await database.read((tx) => findAskedEvents(tx, clock())))
      await applyStanding(id, eventId)
    for (const notice of await database.read((tx) => findOpenNotices(tx, id))) {
      if (stopping.signal.aborted) return
      if (!(await lease())) throw new LeaseLost()
      if ((await applyStanding(id, notice.eventId)) === 'gone') await forgetNotice(id, notice)
    }
  }

  async function applyStanding(id: string, eventId: string): Promise<'gone' | 'there'> {
    const standing = await standingUnder(id, eventId)
    if (standing === 'gone') return standing
    await applyAll(id, await unseen(standing, eventId), null)
    return 'there'
  }

  /** The reactions under a message that moderators can react to; none if the homeserver does not tell them. */
  async function standingUnder(id: string, eventId: string): Promise<StandingReaction[] | 'gone'> {
    return (await unlessRefused(reader.standing(id, eventId), eventId)) ?? []
  }

  /** Null: the homeserver refuses it. One message with far too many reactions is no reason to hear of no other. */
  async function unlessRefused<T>(answer: Promise<T>, event: string): Promise<T | null> {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.kind !== 'refused') throw error
      log.warn({ event, reason: error.why }, 'An event in the moderators’ room is not looked at')
      return null
    }
  }

  /** The reactions that stand by now under messages about requests never count, also if those wait again only later. */
  async function passOverStanding(id: string): Promise<void> {
    const deniedSince = clock() - LONGEST_UNDO_MS
    const notices = await database.read((tx) => findUnsettledNotices(tx, id, deniedSince))
    for (const { eventId: target, registrationId } of notices) {
      stopping.signal.throwIfAborted()
      if (!(await lease())) throw new LeaseLost()
      const standing = await standingUnder(id, target)
      const passedOver = standing === 'gone' ? [] : await unseen(standing, target)
      await database.write(async (tx) => {
        await assertLeased(tx)
        for (const { eventId, sender } of passedOver)
          await putSeenEvent(tx, { eventId, at: clock(), registrationId, sender, target, key: null })
      })
    }
  }

  /** Somebody took the message about a request out of the room: nothing stays there that was to go with it. */
  async function forgetNotice(id: string, { job, eventId, detailsId }: OpenNotice): Promise<void> {
    if (detailsId !== null) {
      // On its way: its job finds out what became of it.
      if (!detailsId.startsWith('$')) return
      try {
        await homeserver.redact(id, detailsId, `${job}-${detailsId}`)
      } catch (error) {
        // Another account sent them; reading must not end there.
        if (!(error instanceof HomeserverError) || error.kind !== 'refused') throw error
        log.warn(
          { event: detailsId, reason: error.why },
          'The details of a request stay in the moderators’ room: we may not take them out',
        )
      }
    }
    await database.write((tx) => deleteRoomNotice(tx, job))
    log.warn({ event: eventId }, 'A message about a request was taken out of the moderators’ room')
  }

  async function unseen(standing: StandingReaction[], target: string): Promise<ReactionEvent[]> {
    const meant = standing.filter(({ key }) => wishOfReaction(key) !== null)
    if (meant.length === 0) return []
    const ids = meant.map(({ eventId }) => eventId)
    const seen = await database.read((tx) => findSeenIds(tx, ids))
    return meant
      .filter(({ eventId }) => !seen.has(eventId))
      .map((reaction) => ({ type: 'reaction', target, ...reaction }) as const)
  }

  /**
   * Where reading continues. A place is one of the homeserver and not of one room: in a room that takes the place of
   * another, reading continues from when that one was still meant.
   */
  async function position(id: string): Promise<string> {
    const stored = await database.read((tx) => findStreamPosition(tx))
    if (stored === 'closed' && hasRead) throw new LeaseLost()
    if (stored === 'closed') await passOverStanding(id)
    if (stored === 'closed' || stored === null) return restart(id)
    if (stored.room === id) return stored.since
    const since = resolved?.since ?? stored.since
    await storePosition(id, since)
    return since
  }

  /** A room that was never read is read from now on, also where it does not fit yet: we speak there already. */
  async function beginReading(id: string): Promise<void> {
    if ((await database.read((tx) => findStreamPosition(tx))) === null) await restart(id)
  }

  /** Whether the alias of the room still leads to it; null: the homeserver does not say. */
  async function leadsTo(id: string): Promise<boolean | null> {
    try {
      return (await homeserver.roomId(room)) === id
    } catch (error) {
      // Somebody may be about to give it to another room. If it stays so, the look of every hour tells.
      if (!(error instanceof HomeserverError)) throw error
      log.warn({ room, reason: error.why }, 'Whether the moderators’ room is still the same is unknown')
      return null
    }
  }

  /** The alias of the room may lead to another one by now: that is then looked at as at the start. */
  async function checkAlias(): Promise<void> {
    if (!room.startsWith('#') || roomId === null || resolved === null) return
    const now = clock()
    if (Math.abs(now - resolved.at) < ALIAS_LOOK_MS) return
    const leadsThere = await leadsTo(roomId)
    if (leadsThere === false) lookedAt = null
    else resolved = { at: now, since: leadsThere === null ? resolved.since : await position(roomId) }
  }

  async function restart(id: string): Promise<string> {
    const since = await reader.end(id)
    await storePosition(id, since)
    return since
  }

  async function storePosition(id: string, since: string): Promise<void> {
    await database.write(async (tx) => {
      await assertLeased(tx)
      await putStreamPosition(tx, { room: id, since }, clock())
    })
  }

  async function look(id: string, since: string, wait: number): Promise<RoomNews> {
    try {
      return await reader.since(id, since, { wait, signal: stopping.signal })
    } catch (error) {
      if (!(error instanceof StreamLost)) throw error
      log.warn('The homeserver does not know where the moderators’ room was read up to; reading it anew')
      lookedAt = null
      return { events: [], next: await restart(id), gap: null, left: false }
    }
  }

  /**
   * One look at the room, which waits for so many milliseconds for something to happen. Returns for how long to leave it
   * alone. Throws `HomeserverError` if the homeserver does not answer it, and what the database throws.
   */
  async function once(wait: number): Promise<number> {
    if (!(await lease())) return LEASE_LOOK_MS
    await checkAlias()
    const now = clock()
    const isDue = lookedAt === null || Math.abs(now - lookedAt) >= INVENTORY_MS
    if (isDue || roomId === null) {
      const id = await homeserver.roomId(room)
      await beginReading(id)
      const { fit, notes } = fitness(await traitsOf(id))
      await announceOnly(notes)
      if (!fit) {
        lookedAt = null
        return UNFIT_LOOK_MS
      }
      roomId = id
    }
    const id = roomId
    const since = await position(id)
    hasRead = true
    if (isDue) resolved = { at: now, since }
    const { events, next, gap, left } = await look(id, since, isDue ? 0 : wait)
    if (gap !== null) await applyGap(id, gap)
    // What answers a message that we do not know to have arrived is not passed over as talk.
    const isEarly = events.length > 0 && (await database.read((tx) => isSending(tx, id, clock())))
    await applyAll(id, events, isEarly ? null : next)
    if (isEarly) return EARLY_LOOK_MS
    if (events.length === 0 && next !== since) await storePosition(id, next)
    if (isDue && !stopping.signal.aborted) {
      await takeInventory(id)
      lookedAt = clock()
    }
    const isOther = events.some(({ type }) => type === 'encrypted' || type === 'replaced')
    if (gap !== null || left || isOther) lookedAt = null
    return 0
  }

  /** What is too much to be read, or is not there any more, is left to the inventory that follows every gap. */
  async function applyGap(id: string, { from, to }: { from: string; to: string }): Promise<void> {
    try {
      await applyAll(id, await reader.between(id, from, to), null)
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.kind !== 'refused') throw error
      log.warn({ reason: error.why }, 'Answers in the moderators’ room may have been passed over')
    }
  }

  async function afterError(error: unknown): Promise<number> {
    lookedAt = null
    if (error instanceof LeaseLost) return LEASE_LOOK_MS
    failures++
    if (!(error instanceof HomeserverError)) {
      log.error({ err: error }, 'The moderators’ room could not be read; trying again')
    } else if (error.permanent) {
      await announce('room_not_read', `Nothing can be decided in the moderators’ room. ${error.message}`)
      return REFUSED_WAIT_MS
    } else if (failures === 1) {
      log.warn({ reason: error.why }, 'The moderators’ room could not be read; trying again')
    }
    const asked = error instanceof HomeserverError ? (error.retryAfter ?? 0) : 0
    const backOff = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS)
    return Math.max(asked, backOff * (0.8 + random() * 0.4))
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let pause: number
      try {
        pause = await once(30_000)
        failures = 0
      } catch (error) {
        if (stopping.signal.aborted) return
        pause = await afterError(error).catch((other: unknown) => {
          log.error({ err: other }, 'What is wrong with the moderators’ room could not be stored')
          return LONGEST_WAIT_MS
        })
      }
      if (pause > 0)
        await sleep(Math.min(pause, HOUR), null, { ref: false, signal: stopping.signal }).catch(() => null)
    }
  }

  return {
    /** Reads the room until `stop`. */
    start(): void {
      running ??= run()
    },
    /** One look that does not wait, for tests; errors are thrown. */
    once: () => once(0),
    /** Reads no more; waits for what it is doing for up to `graceMs`. */
    async stop(graceMs: number): Promise<void> {
      stopping.abort()
      await Promise.race([running, sleep(graceMs, null, { ref: false })])
      try {
        await database.write((tx) => releaseRoom(tx, owner, clock()))
      } catch (error) {
        log.warn({ err: error }, 'Another process can read the moderators’ room only in two minutes')
      }
    },
  }
}
