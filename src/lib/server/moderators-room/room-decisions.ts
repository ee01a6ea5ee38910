import type { Logger } from 'pino'
import type { RoomEvent } from '$lib/moderation/room-event'
import { wishOfReaction, wishOfText, type RoomWish } from '$lib/moderation/room-wish'
import { decidedAlready } from '$lib/registration/decide'
import { claimOf } from '$lib/registration/decide-talk'
import { ROOM_UNDO_MS, undoWindow } from '$lib/registration/decision'
import type { JobOf } from '$lib/registration/job'
import type { Refusal, Result } from '$lib/registration/refusal'
import { byModerator, type Registration } from '$lib/registration/registration'
import type { State } from '$lib/registration/state'
import { NOTE_MAXIMUM, parseText, QUESTION_MAXIMUM } from '$lib/registration/talk'
import { HOUR } from '$lib/registration/time'
import { announceDaily } from '../database/announcements'
import { lastUndoneOnPages } from '../database/events'
import { findModeratorByMatrixId } from '../database/matrix-ids'
import { findModerator } from '../database/moderators'
import type { Database, Transaction } from '../database/open'
import { findRegistration } from '../database/registrations'
import {
  countTold,
  findAsking,
  findAskingEvent,
  findSeenEvent,
  findAsked,
  putSeenEvent,
  putStrangersEvent,
  settleSeenEvent,
  type SeenEvent,
} from '../database/room-events'
import { findNoticeByEvent, updateRoomNotice, type RoomNotice } from '../database/room-notices'
import type { MatrixIds } from '../auth/matrix-ids'
import type { JobQueue } from '../registrations/job-queue'
import type { Registrar, Written } from '../registrations/registrar'

/** How often people in the room who may not decide are told so, all together. */
const TOLD_PER_HOUR = 5

/** How far the clock of the homeserver may be behind ours. */
const CLOCK_DIFFERENCE_MS = 5_000

/** Of no registration: whoever decides on it has not seen what is. */
const NO_VERSION = -1

type Says = JobOf<'answer_in_room'>['says']
type Asking = Extract<RoomEvent, { type: 'reaction' | 'answer' }>
type Wish = RoomWish | { type: 'take' }

/** What an event led to: an answer in the room, and what is left to do once it is committed. */
interface Outcome {
  says?: Says
  by?: string | undefined
  /** It did what it asks for, at this time (milliseconds since 1970): removing it takes that back. */
  undoable?: { at: number } | undefined
  committed?: () => void
}

const FACTOR_NEEDED: Outcome = { says: 'second_factor_needed' }

export type RoomDecisions = ReturnType<typeof createRoomDecisions>

/**
 * What moderators do in their room is done here as if they had done it on the pages: by the Matrix ID that they have
 * confirmed as theirs, on the version that the message stands for, once. Everything else in the room is talk.
 */
export function createRoomDecisions({
  database,
  registrar,
  jobQueue,
  matrixIds,
  clock,
  log,
}: {
  database: Database
  registrar: Pick<Registrar, 'actWithin' | 'undoWithin' | 'policy'>
  jobQueue: Pick<JobQueue, 'enqueueIn'>
  matrixIds: Pick<MatrixIds, 'confirm'>
  clock: () => number
  log: Pick<Logger, 'info'>
}) {
  const answerTo = (event: RoomEvent, target: string, { says, by }: Outcome) =>
    says === undefined
      ? []
      : [
          {
            kind: 'answer_in_room' as const,
            target,
            says,
            event: event.eventId,
            ...(by === undefined ? {} : { by }),
          },
        ]

  /** Somebody whose Matrix ID no moderator has confirmed: told once, and only so often. */
  async function tellStranger(tx: Transaction, event: Asking, notice: RoomNotice): Promise<void> {
    const now = clock()
    const { lately, before } = await countTold(tx, { sender: event.sender, since: now - HOUR })
    const isTold = !before && lately < TOLD_PER_HOUR
    const { eventId, sender, target } = event
    await putStrangersEvent(
      tx,
      { eventId, at: now, registrationId: notice.registrationId, sender, target },
      isTold,
    )
    if (!isTold) return
    await jobQueue.enqueueIn(tx, answerTo(event, notice.eventId ?? target, { says: 'not_linked' }))
  }

  /** What a moderator asks for with a reaction or an answer. */
  async function carryOut(
    tx: Transaction,
    { event, wish, notice, moderator }: { event: Asking; wish: Wish; notice: RoomNotice; moderator: string },
  ): Promise<Outcome> {
    const actor = { ...byModerator(moderator), roomEvent: event.eventId }
    const id = notice.registrationId
    const act = (action: Parameters<Registrar['actWithin']>[2], version?: number) =>
      registrar.actWithin(tx, id, action, actor, version)
    switch (wish.type) {
      case 'approve':
      case 'deny': {
        const message = wish.text === null ? null : parseText(wish.text, QUESTION_MAXIMUM)
        if (message?.ok === false && message.refusal.code !== 'text_missing') return { says: 'too_long' }
        const verdict = {
          moderator,
          message: message?.ok === true ? message.value : null,
          silent: false,
          unlessClaimed: true,
          restMs: Math.max(registrar.policy().undoMs, ROOM_UNDO_MS),
        }
        const isUndoneSince = isSentBefore(event, await lastUndoneOnPages(tx, id))
        const version = isUndoneSince ? NO_VERSION : (notice.version ?? NO_VERSION)
        return decided(tx, id, await act({ type: wish.type, ...verdict }, version))
      }
      case 'ask': {
        const text = parseText(wish.text, QUESTION_MAXIMUM)
        if (!text.ok) return { says: 'too_long' }
        const written = await act({ type: 'ask', moderator, text: text.value })
        await keepStanding(tx, notice, written.result)
        return spoken(tx, id, written, 'asked')
      }
      case 'note': {
        const text = parseText(wish.text, NOTE_MAXIMUM)
        if (!text.ok) return { says: 'too_long' }
        return spoken(tx, id, await act({ type: 'note', moderator, text: text.value }), 'noted')
      }
      case 'take': {
        const written = await act({ type: 'take', moderator, over: false })
        if (!written.result.ok) return refusedAs(tx, id, written.result.refusal)
        return { committed: written.committed, undoable: { at: clock() } }
      }
      case 'undo': {
        const standing = await findRegistration(tx, id)
        if (standing !== null && isDecidedSince(event, standing))
          return refusedAs(tx, id, decidedAlready(standing))
        const written = await registrar.undoWithin(tx, id, actor)
        if (!written.result.ok) return notUndone(tx, id, written.result.refusal)
        await settleAll(tx, notice)
        return { committed: written.committed }
      }
      default:
        return wish satisfies never
    }
  }

  /** A verdict. The message in the room tells of it, and once more when it can be undone no longer. */
  async function decided(tx: Transaction, id: string, { result, committed }: Written): Promise<Outcome> {
    if (!result.ok) {
      if (result.refusal.code !== 'stale') return refusedAs(tx, id, result.refusal)
      const now = await findRegistration(tx, id)
      if (now !== null && now.state !== 'requested') return refusedAs(tx, id, decidedAlready(now))
      await jobQueue.enqueueIn(tx, [{ kind: 'notify_room_again', registration: id }])
      return { says: 'changed' }
    }
    const { value: after } = result
    if (after === null) return { committed }
    const rested = after.stateSince + undoWindow(after, registrar.policy())
    await jobQueue.enqueueIn(tx, [{ kind: 'notify_room_decided', registration: id, rested }])
    return { committed, undoable: { at: after.stateSince } }
  }

  async function spoken(
    tx: Transaction,
    id: string,
    { result, committed }: Written,
    says: Says,
  ): Promise<Outcome> {
    return result.ok ? { says, committed } : refusedAs(tx, id, result.refusal)
  }

  /** A question changes nothing of what the message tells: it still stands for the request. */
  async function keepStanding(
    tx: Transaction,
    { job, version }: RoomNotice,
    result: Result<Registration | null>,
  ): Promise<void> {
    if (!result.ok || result.value === null || version !== result.value.version - 1) return
    await updateRoomNotice(tx, { job, version: result.value.version })
  }

  /**
   * What somebody sent before that time did not know of what happened then, though it is read only now. A time that is
   * still to come was written while the clock was wrong.
   */
  const isSentBefore = ({ sentAt }: Asking, at: number | null): boolean =>
    sentAt !== undefined && at !== null && at <= clock() && sentAt + CLOCK_DIFFERENCE_MS < at

  /** Since that event, on the pages. What has an undo window of its own was decided in the room, in the room's order. */
  const isDecidedSince = (event: Asking, { state, stateSince, restMs }: Registration): boolean =>
    (state === 'approved' || state === 'denied') && restMs === null && isSentBefore(event, stateSince)

  async function refusedAs(tx: Transaction, id: string, refusal: Refusal): Promise<Outcome> {
    const nameOf = async (moderator: string | null) =>
      moderator === null ? undefined : (await findModerator(tx, moderator))?.username
    switch (refusal.code) {
      case 'already_decided': {
        const by = await nameOf(refusal.by)
        if (refusal.state === 'withdrawn') return { says: 'withdrawn' }
        return { says: refusal.state === 'denied' ? 'denied' : 'approved', by }
      }
      case 'claimed':
        return { says: 'claimed', by: await nameOf(refusal.by) }
      case 'undo_too_late':
        return { says: 'undo_too_late' }
      case 'wrong_state':
        return unfitAs(tx, id, refusal.state)
      default:
        return { says: 'not_possible' }
    }
  }

  async function notUndone(tx: Transaction, id: string, refusal: Refusal): Promise<Outcome> {
    const waits = refusal.code === 'wrong_state' && refusal.state === 'requested'
    return waits ? { says: 'nothing_to_undo' } : refusedAs(tx, id, refusal)
  }

  /** What was asked for does not fit the state of the request. */
  async function unfitAs(tx: Transaction, id: string, state: State): Promise<Outcome> {
    switch (state) {
      case 'approved':
      case 'completed':
      case 'denied':
      case 'withdrawn': {
        const registration = await findRegistration(tx, id)
        return registration === null
          ? { says: 'not_possible' }
          : refusedAs(tx, id, decidedAlready(registration))
      }
      case 'started':
      case 'verified':
        return { says: 'not_ready' }
      case 'requested':
        return { says: 'not_possible' }
      default:
        return state satisfies never
    }
  }

  /** Whether what somebody asked for is so: nobody has undone it, nor decided anew. */
  async function isInForce(
    tx: Transaction,
    id: string,
    { key, at }: SeenEvent,
    moderator: string,
  ): Promise<boolean> {
    const registration = await findRegistration(tx, id)
    if (registration === null) return false
    if (key === 'take') return claimOf(registration, registrar.policy())?.by === moderator
    return registration.stateSince === at && registration.decidedBy === moderator
  }

  async function ask(tx: Transaction, room: string, event: Asking, wish: Wish): Promise<Outcome> {
    const notice = await findNoticeByEvent(tx, room, event.target)
    if (notice === null || (await findSeenEvent(tx, event.eventId)) !== null) return {}
    // Our own reactions, also of an account that spoke here before.
    if (notice.seeds.includes(event.eventId)) return {}
    const { eventId, sender, target } = event
    const { registrationId } = notice
    const moderator = await findModeratorByMatrixId(tx, sender)
    if (moderator === null) {
      await tellStranger(tx, event, notice)
      return {}
    }
    if (moderator.mustSetUp) {
      await putSeenEvent(tx, { eventId, at: clock(), registrationId, sender, target, key: null })
      await jobQueue.enqueueIn(tx, answerTo(event, notice.eventId ?? target, FACTOR_NEEDED))
      return FACTOR_NEEDED
    }
    const key = event.type === 'reaction' ? wish.type : event.eventId
    const asked = await findAsked(tx, { sender, target, key })
    if (asked !== null && (await isInForce(tx, registrationId, asked, moderator.id))) {
      await putSeenEvent(tx, { eventId, at: clock(), registrationId, sender, target, key: null })
      return {}
    }
    if (asked !== null) await settleSeenEvent(tx, asked.eventId)
    const outcome = await carryOut(tx, { event, wish, notice, moderator: moderator.id })
    await putSeenEvent(tx, {
      eventId,
      at: outcome.undoable?.at ?? clock(),
      registrationId,
      sender,
      target,
      key: outcome.undoable === undefined ? null : key,
    })
    await jobQueue.enqueueIn(tx, answerTo(event, notice.eventId ?? target, outcome))
    return outcome
  }

  /** Who takes back what they asked for. What somebody else takes out of the room stands. */
  async function takeBack(
    tx: Transaction,
    room: string,
    event: Extract<RoomEvent, { type: 'redaction' }>,
  ): Promise<Outcome> {
    const seen = await findAskingEvent(tx, event.target)
    if (seen === null || seen.registrationId === null || seen.target === null) return {}
    const { registrationId: id, target, key, at } = seen
    await settleSeenEvent(tx, event.target)
    if (seen.sender !== event.sender) return {}
    const moderator = await findModeratorByMatrixId(tx, event.sender)
    const registration = await findRegistration(tx, id)
    if (moderator === null || registration === null) return {}
    const { id: by, mustSetUp } = moderator
    const actor = { ...byModerator(by), roomEvent: event.eventId }
    const answered = async (outcome: Outcome): Promise<Outcome> => {
      const notice = await findNoticeByEvent(tx, room, target)
      await jobQueue.enqueueIn(tx, answerTo(event, notice?.eventId ?? target, outcome))
      return outcome
    }
    if (key === 'take') {
      if (mustSetUp && claimOf(registration, registrar.policy())?.by === by) return answered(FACTOR_NEEDED)
      const { result, committed } = await registrar.actWithin(
        tx,
        id,
        { type: 'release', moderator: by },
        actor,
      )
      return result.ok ? { committed } : {}
    }
    // Undone or decided anew since: it is not what was taken back.
    const isStanding = registration.stateSince === at || registration.state === 'completed'
    if (!isStanding || registration.decidedBy !== by) return {}
    if (mustSetUp) return answered(FACTOR_NEEDED)
    const { result, committed } = await registrar.undoWithin(tx, id, actor)
    return result.ok ? { committed } : answered(await refusedAs(tx, id, result.refusal))
  }

  async function settleAll(tx: Transaction, { eventId }: RoomNotice): Promise<void> {
    if (eventId === null) return
    for (const { eventId: asking, key } of await findAsking(tx, eventId))
      if (key !== 'take') await settleSeenEvent(tx, asking)
  }

  async function applyIn(tx: Transaction, room: string, event: RoomEvent): Promise<Outcome> {
    switch (event.type) {
      case 'reaction': {
        const wish = wishOfReaction(event.key)
        if (wish === null) return {}
        if (wish !== 'link') {
          const asked = wish === 'take' ? { type: wish } : { type: wish, text: null }
          return ask(tx, room, event, asked)
        }
        await matrixIds.confirm(tx, { eventId: event.target, sender: event.sender })
        return {}
      }
      case 'answer': {
        const wish = wishOfText(event.text)
        return wish === null ? {} : ask(tx, room, event, wish)
      }
      case 'redaction':
        return takeBack(tx, room, event)
      case 'encrypted_message': {
        const notice = event.target === null ? null : await findNoticeByEvent(tx, room, event.target)
        if (notice === null || event.target === null) return {}
        if (!(await announceDaily(tx, 'room_answer_encrypted', clock()))) return {}
        const target = notice.eventId ?? event.target
        await jobQueue.enqueueIn(tx, answerTo(event, target, { says: 'encrypted_room' }))
        return {}
      }
      case 'encrypted':
      case 'replaced':
        return {}
      default:
        return event satisfies never
    }
  }

  return {
    /**
     * Does what an event of this room asks for, in one transaction with `also`. An event that was dealt with does
     * nothing again. Throws only if the database fails.
     */
    async apply(room: string, event: RoomEvent, also: (tx: Transaction) => Promise<void>): Promise<void> {
      const { committed, says } = await database.write(async (tx) => {
        const outcome = await applyIn(tx, room, event)
        await also(tx)
        return outcome
      })
      committed?.()
      if (says !== undefined)
        log.info({ event: event.eventId, says }, 'An event in the moderators’ room was answered')
    },
  }
}
