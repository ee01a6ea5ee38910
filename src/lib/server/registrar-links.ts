import type { Action } from '$lib/registration/decide'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Registration } from '$lib/registration/registration'
import { DAY, STATUS_LINK_DAYS } from '$lib/registration/retention'
import type { Username } from '$lib/registration/username'
import { hashToken, mintToken, type Token } from './auth/tokens'
import type { Database, Reader, Transaction } from './database/open'
import { findRegistration, isInvited } from './database/registrations'
import { findToken, insertToken, spendToken, type TokenPurpose } from './database/tokens'
import type { Keeper } from './opening'
import { APPLICANT, type Door } from './registrar-door'

/** The registrar's part about links in mails and the applicant's cookie. */
export function createLinks({
  database,
  clock,
  linkHours,
  door: { actIn, isNameFree },
  opening,
}: {
  database: Database
  clock: () => number
  linkHours: number
  door: Door
  opening: Pick<Keeper, 'admit'>
}) {
  async function letIn(tx: Transaction, registrationId: string): Promise<Token> {
    const { plain, hash } = mintToken()
    const expiresAt = clock() + STATUS_LINK_DAYS * DAY
    await insertToken(tx, { hash, purpose: 'applicant', registrationId, createdAt: clock(), expiresAt })
    return plain
  }

  /** Refused while registration is closed, but for who was invited. */
  async function mayConfirm(reader: Reader, registrationId: string): Promise<Result<null>> {
    return opening.admit(reader, { passes: await isInvited(reader, registrationId) })
  }

  return {
    /** Refused where the address of this registration cannot be confirmed now. */
    mayConfirm: (registrationId: string) => database.read((reader) => mayConfirm(reader, registrationId)),

    /** What a verification link stands for, without changing anything. */
    lookAtLink: (token: Token) =>
      database.read(async (reader): Promise<Result<{ registration: Registration; username: Username }>> => {
        const found = await findToken(reader, hashToken(token), 'verification')
        const registration = found && (await findRegistration(reader, found.registrationId))
        if (!found || !registration || found.username === null) return refuse({ code: 'link_broken' })
        if (found.spentAt !== null || registration.state !== 'started') return refuse({ code: 'link_spent' })
        if (found.expiresAt <= clock()) return refuse({ code: 'link_expired' })
        return accept({ registration, username: found.username })
      }),

    /**
     * Confirms the address. From here on the name is held, if nobody was faster; answers the applicant's own token. Refused
     * while registration is closed (but for who was invited); the link stays as it was.
     */
    async confirm(token: Token): Promise<Result<{ registration: Registration; applicant: Token }>> {
      return database.write(async (tx) => {
        const hash = hashToken(token)
        const found = await findToken(tx, hash, 'verification')
        if (found === null || found.username === null) return refuse({ code: 'link_broken' })
        if (found.expiresAt <= clock())
          return refuse({ code: found.spentAt === null ? 'link_expired' : 'link_spent' })
        const { registrationId, username } = found
        const admitted = found.spentAt === null ? await mayConfirm(tx, registrationId) : accept(null)
        if (!admitted.ok) return admitted
        if (!(await spendToken(tx, hash, clock()))) return refuse({ code: 'link_spent' })
        const nameFree = await isNameFree(tx, username, registrationId)
        const result = await actIn(tx, registrationId, { type: 'confirm', username, nameFree }, APPLICANT)
        if (!result.ok) return result.refusal.code === 'wrong_state' ? refuse({ code: 'link_spent' }) : result
        if (result.value === null) return refuse({ code: 'not_found' })
        return accept({ registration: result.value, applicant: await letIn(tx, registrationId) })
      })
    },

    /** A new mail in place of a verification link that ran out; answers the address it goes to. */
    async renewLink(token: Token): Promise<Result<Registration>> {
      return database.write(async (tx) => {
        const found = await findToken(tx, hashToken(token), 'verification')
        const registration = found && (await findRegistration(tx, found.registrationId))
        if (!found || !registration) return refuse({ code: 'link_broken' })
        if (registration.state !== 'started' || found.spentAt !== null) return refuse({ code: 'link_spent' })
        const { username, clientAddress } = registration
        const action: Action = {
          type: 'start_again',
          username: found.username ?? username,
          language: registration.language,
          clientAddress,
          invitationId: null,
        }
        const result = await actIn(tx, registration.id, action, APPLICANT)
        return result.ok ? accept(registration) : result
      })
    },

    /** The registration that a token opens: a link in a mail (`status`) or the cookie (`applicant`). */
    byToken: (token: Token, purpose: Extract<TokenPurpose, 'status' | 'applicant'>) =>
      database.read(async (reader): Promise<Result<Registration>> => {
        const found = await findToken(reader, hashToken(token), purpose)
        const registration = found && (await findRegistration(reader, found.registrationId))
        if (!found || !registration) return refuse({ code: 'link_broken' })
        return found.expiresAt <= clock() ? refuse({ code: 'link_expired' }) : accept(registration)
      }),

    /** Makes another browser the applicant's. */
    letIn: (registrationId: string) => database.write((tx) => letIn(tx, registrationId)),

    /** A link for a mail that is about to go out; only its hash is kept. */
    async mintLink(
      registration: Registration,
      purpose: Extract<TokenPurpose, 'verification' | 'status'>,
      username: Username | null,
    ): Promise<Token> {
      const { plain, hash } = mintToken()
      const lifetime = purpose === 'verification' ? linkHours * 60 * 60 * 1000 : STATUS_LINK_DAYS * DAY
      await database.write((tx) =>
        insertToken(tx, {
          hash,
          purpose,
          registrationId: registration.id,
          username,
          createdAt: clock(),
          expiresAt: clock() + lifetime,
        }),
      )
      return plain
    },
  }
}
