import { marksOf } from '$lib/moderation/held'
import type { Action } from '$lib/registration/decide'
import type { Language } from '$lib/registration/language'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Registration } from '$lib/registration/registration'
import { STATUS_LINK_DAYS } from '$lib/registration/retention'
import { isShown } from '$lib/registration/shown'
import type { Username } from '$lib/registration/username'
import type { BroughtAlong } from '$lib/registration/wish'
import { hashToken, mintToken, type Token } from '../crypto/tokens'
import { findNewestMail } from '../database/registration-mails'
import type { Reader, Transaction } from '../database/open'
import { findHeldFor, findRegistration, setHeldFor } from '../database/registrations'
import { findToken, insertToken, type TokenPurpose } from '../database/tokens'
import type { Intake } from '../intake/intake'
import { APPLICANT, type RegistrationParts } from './transaction'
import { DAY } from '$lib/registration/time'

/** Links in emails by which an applicant acts without a cookie. */
export type ActingLink = Extract<TokenPurpose, 'verification' | 'status'>

export type Links = ReturnType<typeof createLinks>

/** Links in emails, and the applicant's cookie: what they stand for, and what is done with them. */
export function createLinks({
  database,
  clock,
  linkHours,
  transaction: { actIn, isNameFree },
  intake,
}: RegistrationParts & { linkHours: number; intake: Pick<Intake, 'admit'> }) {
  async function letIn(tx: Transaction, registrationId: string): Promise<Token> {
    const { plain, hash } = mintToken()
    const expiresAt = clock() + STATUS_LINK_DAYS * DAY
    await insertToken(tx, { hash, purpose: 'applicant', registrationId, createdAt: clock(), expiresAt })
    return plain
  }

  /** Refused while registration is closed, except with an invitation on this link. */
  const mayConfirm = (reader: Reader, { invited }: { invited: boolean }): Promise<Result<null>> =>
    intake.admit(reader, { passes: invited })

  async function lookAt(
    reader: Reader,
    token: Token,
  ): Promise<
    Result<{
      registration: Registration
      username: Username
      brought: BroughtAlong | null
      invited: boolean
    }>
  > {
    const found = await findToken(reader, hashToken(token), 'verification')
    const registration = found && (await findRegistration(reader, found.registrationId))
    if (!found || !registration || found.username === null) return refuse({ code: 'link_broken' })
    const { state } = registration
    if (state !== 'started' && state !== 'verified') return refuse({ code: 'link_spent' })
    if (found.expiresAt <= clock()) return refuse({ code: 'link_expired' })
    const username = state === 'started' ? found.username : registration.username
    const { brought } = found
    const { invitationId } = brought ?? registration
    return accept({ registration, username, brought, invited: invitationId !== null })
  }

  return {
    /** Refused if an email cannot be confirmed by a link now. */
    mayConfirm: (link: { invited: boolean }) => database.read((reader) => mayConfirm(reader, link)),

    /**
     * What a verification link stands for, without changing anything; the username is the link's own until one is
     * confirmed.
     */
    lookAtLink: (token: Token) => database.read((reader) => lookAt(reader, token)),

    /** The ID of the registration that a link belongs to, whatever became of both; null for an invalid link. */
    whoseLink: (token: Token, purpose: ActingLink): Promise<string | null> =>
      database.read(async (reader) => {
        const found = await findToken(reader, hashToken(token), purpose)
        return found?.registrationId ?? null
      }),

    /**
     * Confirms the email address. From here on the username is reserved, if nobody was faster; returns the
     * applicant's own token. Until the request is submitted, the link works any number of times: a response may be
     * lost, and so may a browser. Refused while registration is closed (except with an invitation); the link stays
     * valid. `shown`: what the page showed; empty if it does not say, as with the link. `language`: the page's, which
     * later emails follow.
     */
    async confirm(
      token: Token,
      { shown, language }: { shown: string; language: Language },
    ): Promise<Result<{ registration: Registration; applicant: Token }>> {
      return database.write(async (tx) => {
        const found = await lookAt(tx, token)
        if (!found.ok) return found
        const { registration, username, brought } = found.value
        const { id } = registration
        const asShown = shown === '' ? accept(null) : isShown(shown, { id, username })
        if (!asShown.ok) return asShown
        if (registration.state === 'verified') return accept({ registration, applicant: await letIn(tx, id) })
        const admitted = await mayConfirm(tx, found.value)
        if (!admitted.ok) return admitted
        const nameFree = await isNameFree(tx, username, id)
        const action = { type: 'confirm', username, language, brought, nameFree } as const
        const result = await actIn(tx, id, action, APPLICANT)
        if (!result.ok) return result
        if (brought !== null) await setHeldFor(tx, id, marksOf(brought.heldFor))
        if (result.value === null) return refuse({ code: 'not_found' })
        return accept({ registration: result.value, applicant: await letIn(tx, id) })
      })
    },

    /**
     * A new email in place of an expired verification link; returns its recipient and ID. If the address is
     * confirmed, its link leads to the status. `language`: of an email to one that is not.
     */
    async renewLink(
      token: Token,
      language: Language,
    ): Promise<Result<{ registration: Registration; mail: string | null }>> {
      return database.write(async (tx) => {
        const found = await findToken(tx, hashToken(token), 'verification')
        const registration = found && (await findRegistration(tx, found.registrationId))
        if (!found || !registration) return refuse({ code: 'link_broken' })
        const { id, state, username, clientAddress, invitationId } = registration
        if (state !== 'started' && state !== 'verified') return refuse({ code: 'link_spent' })
        const own = { clientAddress, invitationId, heldFor: await findHeldFor(tx, id) }
        const wish = { username: found.username ?? username, ...(found.brought ?? own), language }
        const action: Action =
          state === 'started' ? { type: 'start_again', ...wish } : { type: 'ask_link', wish }
        const result = await actIn(tx, registration.id, action, APPLICANT)
        if (!result.ok) return result
        return accept({ registration, mail: (await findNewestMail(tx, registration.id, null))?.id ?? null })
      })
    },

    /** The registration that a token opens: a link in an email (`status`) or the cookie (`applicant`). */
    byToken: (token: Token, purpose: Extract<TokenPurpose, 'status' | 'applicant'>) =>
      database.read(async (reader): Promise<Result<Registration>> => {
        const found = await findToken(reader, hashToken(token), purpose)
        const registration = found && (await findRegistration(reader, found.registrationId))
        if (!found || !registration) return refuse({ code: 'link_broken' })
        return found.expiresAt <= clock() ? refuse({ code: 'link_expired' }) : accept(registration)
      }),

    /**
     * The registration that a link of these kinds can act for: a status link, or one that confirmed its email, until
     * the request is submitted.
     */
    byLink: (token: Token, purposes: ActingLink[]) =>
      database.read(async (reader): Promise<Result<{ registration: Registration; purpose: ActingLink }>> => {
        for (const purpose of purposes) {
          const found = await findToken(reader, hashToken(token), purpose)
          const registration = found && (await findRegistration(reader, found.registrationId))
          if (!found || !registration) continue
          const { state, account } = registration
          if (purpose === 'verification' && state === 'started')
            return refuse({ code: 'wrong_state', state, account })
          if (purpose === 'verification' && state !== 'verified') return refuse({ code: 'link_spent' })
          if (found.expiresAt <= clock()) return refuse({ code: 'link_expired' })
          return accept({ registration, purpose })
        }
        return refuse({ code: 'link_broken' })
      }),

    /** Makes another browser the applicant's. */
    letIn: (registrationId: string) => database.write((tx) => letIn(tx, registrationId)),

    /** A link for an email about to be sent; only its hash is stored. `brought`: what applies once it is confirmed. */
    async mintLink(
      registration: Registration,
      purpose: Extract<TokenPurpose, 'verification' | 'status'>,
      username: Username | null,
      brought: BroughtAlong | null = null,
    ): Promise<Token> {
      const { plain, hash } = mintToken()
      const lifetime = purpose === 'verification' ? linkHours * 60 * 60 * 1000 : STATUS_LINK_DAYS * DAY
      await database.write((tx) =>
        insertToken(tx, {
          hash,
          purpose,
          registrationId: registration.id,
          username,
          brought,
          createdAt: clock(),
          expiresAt: clock() + lifetime,
        }),
      )
      return plain
    },
  }
}
