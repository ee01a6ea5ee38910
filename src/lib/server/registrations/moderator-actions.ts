import type { Verdict } from '$lib/registration/decide'
import { refuse, type Result } from '$lib/registration/refusal'
import type { Actor, Registration } from '$lib/registration/registration'
import { lastEventOf } from '../database/events'
import { isRemovalPending } from '../database/jobs'
import type { Database, Reader } from '../database/open'
import { findByAddress, findRegistration } from '../database/registrations'
import { findExchanges, findNotes, findQuestion } from '../database/messages'
import type { RegistrationTransaction } from './transaction'

/** The registrar's part for what moderators do besides deciding on waiting requests. */
export function createModeratorActions({
  database,
  transaction: { actIn, isNameFree },
}: {
  database: Database
  transaction: RegistrationTransaction
}) {
  /** Whether a finished registration can become the open one for its email address again. */
  async function isAddressFree(reader: Reader, { id, email }: Registration): Promise<boolean> {
    const other = await findByAddress(reader, email)
    return other === null || other.id === id
  }

  return {
    /** Undoes a pending decision: the request waits again, since when it was made. */
    async undo(id: string, actor: Actor): Promise<Result<Registration | null>> {
      return database.write(async (tx) => {
        const registration = await findRegistration(tx, id)
        if (registration === null) return refuse({ code: 'not_found' })
        if (!(await isAddressFree(tx, registration))) return refuse({ code: 'address_taken' })
        const nameFree = await isNameFree(tx, registration.username, id)
        const since = (await lastEventOf(tx, id, 'requested')) ?? registration.startedAt
        return actIn(tx, id, { type: 'undo', nameFree, since }, actor)
      })
    },

    /** Approves what was denied, in that version, if its username and email are still free. */
    async reopen(
      id: string,
      verdict: Verdict,
      actor: Actor,
      version?: number,
    ): Promise<Result<Registration | null>> {
      return database.write(async (tx) => {
        const registration = await findRegistration(tx, id)
        if (registration === null) return refuse({ code: 'not_found' })
        if (registration.state === 'denied' && !(await isAddressFree(tx, registration)))
          return refuse({ code: 'address_taken' })
        const nameFree = await isNameFree(tx, registration.username, id)
        const removing = await isRemovalPending(tx, registration.username)
        return actIn(tx, id, { type: 'reopen', nameFree, removing, ...verdict }, actor, version)
      })
    },

    /** The conversation with an applicant, and moderators' comments, each oldest first. */
    talk: (id: string) =>
      database.read(async (reader) => ({
        exchanges: await findExchanges(reader, id),
        notes: await findNotes(reader, id),
      })),

    /** The question of that time (milliseconds since 1970). */
    questionOf: (id: string, at: number) => database.read((reader) => findQuestion(reader, id, at)),

    /** What the domain needs to know before a registration is reopened. */
    reopening: (registration: Registration) =>
      database.read(async (reader) => ({
        addressFree: await isAddressFree(reader, registration),
        nameFree: await isNameFree(reader, registration.username, registration.id),
        removing: await isRemovalPending(reader, registration.username),
      })),
  }
}
