import type { JobKind, JobOf } from '$lib/registration/job'
import type { LeasedJob } from '../database/jobs'
import type { JobResult } from '../registrations/job-results'
import { askMatrixId } from './kinds/ask-matrix-id'
import { answerInRoom } from './kinds/answer-in-room'
import { bindAddress } from './kinds/bind-address'
import { consent } from './kinds/consent'
import { joinRoom } from './kinds/join-room'
import { liftSuspension } from './kinds/lift-suspension'
import { lockAccount } from './kinds/lock-account'
import { mail } from './kinds/mail'
import { notifyModerators } from './kinds/notify-moderators'
import { notifyPerson } from './kinds/notify-person'
import { notifyRoom } from './kinds/notify-room'
import { notifyRoomAgain } from './kinds/notify-room-again'
import { notifyRoomDecided } from './kinds/notify-room-decided'
import { openAccount } from './kinds/open-account'
import { removeAccount } from './kinds/remove-account'
import { warnAutoJoin } from './kinds/warn-auto-join'
import { warnOpening } from './kinds/warn-opening'
import { warnOutage } from './kinds/warn-outage'
import { welcome } from './kinds/welcome'
import type { JobServices, Run } from './run'
import type { Handle } from './worker'

const KINDS: { [K in JobKind]: Run<K> } = {
  mail,
  open_account: openAccount,
  remove_account: removeAccount,
  lock_account: lockAccount,
  lift_suspension: liftSuspension,
  bind_address: bindAddress,
  consent,
  join_room: joinRoom,
  welcome,
  notify_room: notifyRoom,
  notify_room_decided: notifyRoomDecided,
  ask_matrix_id: askMatrixId,
  notify_room_again: notifyRoomAgain,
  answer_in_room: answerInRoom,
  notify_moderators: notifyModerators,
  notify_person: notifyPerson,
  warn_outage: warnOutage,
  warn_auto_join: warnAutoJoin,
  warn_opening: warnOpening,
}

/** How each kind of job is done. */
export function createHandlers(services: JobServices): Handle {
  const run = <K extends JobKind>(kind: K, job: JobOf<K>, row: LeasedJob['row']): Promise<JobResult> =>
    KINDS[kind](job, services, row)
  return ({ job, row }) => run(job.kind, job, row)
}
