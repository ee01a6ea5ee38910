import { createHash } from 'node:crypto'
import { claimOf } from '$lib/registration/decide-talk'
import { isResting, undoWindow } from '$lib/registration/decide'
import type { Registration } from '$lib/registration/registration'
import type { JobResult } from '../registrations/job-results'
import { lastEventOf } from '../database/events'
import { findJobs } from '../database/jobs'
import { findModerator } from '../database/moderators'
import type { Reader, Transaction } from '../database/open'
import { findRegistration, isHeld } from '../database/registrations'
import {
  deleteRoomNotice,
  findRoomNotice,
  findRoomNotices,
  putRoomNotice,
  updateRoomNotice,
  type RoomNotice,
} from '../database/room-notices'
import { HomeserverError } from '../homeserver/homeserver'
import { keepDetails } from './room-details'
import { keepSeeds } from './room-seeds'
import { detailsWords, requestWords, wordsNow, type NoticeFacts } from './room-words'
import { cancelled, DONE, type AdminRoom, type JobServices } from './run'
import { OFF } from './to-moderators'

type SentNotice = RoomNotice & { eventId: string }
export type NoticeServices = Pick<
  JobServices,
  'database' | 'homeserver' | 'log' | 'registrar' | 'rooms' | 'site'
>

/** Keeps what a job is about to send about a request. */
export async function beginNotice(
  tx: Transaction,
  registration: Registration,
  { job, roomId, adminRoom }: { job: string; roomId: string; adminRoom: AdminRoom },
  services: NoticeServices,
): Promise<RoomNotice> {
  const text = requestWords(registration, adminRoom.template, services)
  const facts = await factsOf(tx, registration, adminRoom, services)
  const notice: RoomNotice = {
    job,
    registrationId: registration.id,
    room: roomId,
    eventId: null,
    text,
    shown: wordsNow(registration, { ...facts, first: text }, services),
    version: registration.version,
    about: await aboutOf(tx, registration),
    seeds: [],
    detailsId: null,
  }
  await putRoomNotice(tx, notice)
  return notice
}

/** Sends what was kept, and brings it up to date: it may have been decided while it was on its way. */
export async function sendNotice(
  { job, registrationId, eventId: sent, text, shown }: RoomNotice,
  { room }: AdminRoom,
  services: NoticeServices,
): Promise<JobResult> {
  const { database, homeserver } = services
  if (sent === null) {
    const eventId = await homeserver.sendMessage(room, job, { text: shown ?? text })
    await database.write((tx) => updateRoomNotice(tx, { job, eventId }))
  }
  return updateNotices(registrationId, services, job)
}

/**
 * The messages in the moderators' room about a request say and show what is, as far as the configuration wants it. What
 * was sent to another room says what it said, without what is to disappear after a decision. What was last said of a
 * registration that was deleted stays; what the homeserver does not have any more is forgotten. Throws `refused` if it
 * does not let us change one in the room, once the others say what is.
 */
export async function updateNotices(
  registrationId: string,
  services: NoticeServices,
  job: string,
): Promise<JobResult> {
  const { database, homeserver, rooms, log } = services
  const { adminRoom } = rooms
  if (adminRoom === null) return OFF
  const { room, details: isDetailed } = adminRoom
  const roomId = await homeserver.roomId(room)
  const now = await database.read(async (reader) => {
    const registration = await findRegistration(reader, registrationId)
    if (registration === null) return null
    const facts = await factsOf(reader, registration, adminRoom, services)
    const isMarked = await isHeld(reader, registrationId)
    const about = await aboutOf(reader, registration)
    return { registration, facts, isMarked, about, notices: await findRoomNotices(reader, registrationId) }
  })
  if (now === null) return cancelled('The registration was deleted')
  const { registration, facts, isMarked, about, notices } = now
  const { version } = registration
  const waits = registration.state === 'requested'
  const wording = waits ? requestWords(registration, adminRoom.template, services) : null

  /** It tells of the request as that is now, and so stands for it: nothing that it tells has changed since. */
  const isCurrent = (notice: RoomNotice): boolean => notice.about === about && notice.text === wording

  /** False: the homeserver does not have the message any more. */
  async function say(notice: SentNotice): Promise<boolean> {
    const decides = facts.decides && isCurrent(notice)
    const words = wordsNow(registration, { ...facts, decides, first: notice.text }, services)
    const kept = { job: notice.job, ...(isCurrent(notice) ? { version } : {}) }
    if (words === notice.shown) {
      if (isCurrent(notice) && notice.version !== version)
        await database.write((tx) => updateRoomNotice(tx, kept))
      return true
    }
    const edit = hash([notice.eventId, String(version), words])
    await database.write((tx) => updateRoomNotice(tx, { job: notice.job, shown: null }))
    const done = await homeserver.editMessage(room, notice.eventId, `${job}-${edit}`, { text: words })
    if (done === 'gone') return false
    await database.write((tx) => updateRoomNotice(tx, { ...kept, shown: words }))
    return true
  }

  /** Nothing disappears together with the message that it belongs to. */
  async function forget(notice: SentNotice): Promise<void> {
    const kept = await database.read((reader) => findRoomNotice(reader, notice.job))
    const { detailsId } = kept ?? notice
    await isPresent(keepDetails({ ...notice, detailsId }, { words: null, version }, services))
    await database.write((tx) => deleteRoomNotice(tx, notice.job))
  }

  async function show(notice: SentNotice): Promise<void> {
    const isHere = notice.room === roomId
    const stands = isHere && isCurrent(notice)
    const shows = stands && isDetailed
    const details = shows ? detailsWords(registration, { isHeld: isMarked }, services) : null
    const isThere = await isPresent(keepDetails(notice, { words: details, version }, services))
    if (!isThere || (isHere && !(await say(notice)))) await forget(notice)
    else await keepSeeds(notice, { wanted: stands && facts.decides, version }, services)
  }

  // One that is not sent yet is left to its own job, which looks at the registration again then.
  const sent = notices.flatMap(({ eventId, ...notice }) => (eventId === null ? [] : [{ ...notice, eventId }]))
  const here = sent.filter((one) => one.room === roomId)
  const elsewhere = sent.filter((one) => one.room !== roomId)
  let refusal: HomeserverError | null = null
  for (const notice of [...here, ...elsewhere]) {
    try {
      await show(notice)
    } catch (error) {
      // Another account may have sent it, or we have lost the right to change anything there.
      if (!(error instanceof HomeserverError) || error.kind !== 'refused') throw error
      if (notice.room === roomId) refusal ??= error
      log.warn(
        { event: notice.eventId, room: notice.room, reason: error.why },
        'A message about a request stays as it is',
      )
    }
  }
  if (refusal !== null) throw refusal
  return DONE
}

/** A digest of what the applicant has said: whoever decides on a message has been told of that, and of nothing after it. */
async function aboutOf(reader: Reader, { id, username, reason }: Registration): Promise<string> {
  return hash([username, reason ?? '', String(await lastEventOf(reader, id, 'answered'))])
}

async function factsOf(
  reader: Reader,
  registration: Registration,
  { decide }: AdminRoom,
  { registrar }: Pick<NoticeServices, 'registrar'>,
): Promise<NoticeFacts> {
  const policy = registrar.policy()
  const nameOf = async (id: string | null) =>
    id === null ? null : ((await findModerator(reader, id))?.username ?? null)
  const jobs = await findJobs(reader, registration.id)
  // Only what is decided in the room has a window of its own, also where that is as long as the configured one.
  const rests = registration.restMs !== null && isResting(registration, policy)
  const decides = decide === 'reactions'
  return {
    by: await nameOf(registration.decidedBy),
    isStuck: jobs.some(({ state }) => state === 'failed'),
    takenBy: await nameOf(claimOf(registration, policy)?.by ?? null),
    rest: decides && rests ? { seconds: Math.round(undoWindow(registration, policy) / 1000) } : null,
    decides,
  }
}

/** False: what is to be answered or taken out does not exist any more. */
async function isPresent(change: Promise<void>): Promise<boolean> {
  try {
    await change
    return true
  } catch (error) {
    if (error instanceof HomeserverError && error.kind === 'missing') return false
    throw error
  }
}

/**
 * Of a message and what it is to say. The homeserver drops what has a transaction ID that it knows: a repeat of the job
 * changes nothing twice, but what was decided since the first attempt is another change.
 */
const hash = (parts: string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
