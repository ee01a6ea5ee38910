import type { HeldFor } from '$lib/moderation/held'
import type { EmailAddress } from '$lib/registration/email'
import { isResting, stateForApplicant } from '$lib/registration/decide'
import { mailboxOf, readEmail } from '$lib/registration/email'
import type { Language } from '$lib/registration/language'
import { checkPassword } from '$lib/registration/password'
import { parseReason } from '$lib/registration/reason'
import { accept, refuse, type Refusal, type Refused, type Result } from '$lib/registration/refusal'
import type { Actor, Registration } from '$lib/registration/registration'
import { awaitsPassword, hasAccepted, passwordModeOf } from '$lib/registration/state'
import { parseNewUsername, type Username, type UsernameCharacters } from '$lib/registration/username'
import type { Provisioning } from './provisioning'
import type { Token } from '../crypto/tokens'
import type { RateLimits } from '../rate-limits/rate-limits'
import type { Entrance, Entry } from '../intake/bot-checks'
import type { Homeserver } from '../homeserver/homeserver'
import type { InvitationCodes } from '../intake/invitation-codes'
import type { Intake } from '../intake/intake'
import type { AccountLedger } from './account-ledger'
import type { Links } from './links'
import type { Announcements } from './announcements'
import type { Registrar } from './registrar'
import type { RuleStore } from '../rules/store'
import { createKept, createShared } from '../concurrency/coalesce'

/** A requested email: its recipient, and its ID, by which its status can be queried. */
interface AskedMail {
  email: EmailAddress
  mail: string | null
}

/** `repeated`: it was sent before, or at the same time with another password, and that is what counts. */
export interface Sent {
  registration: Registration
  repeated: boolean
}

const APPLICANT: Actor = { kind: 'applicant' }

/** How long the homeserver's password policy may be cached. */
const POLICY_AGE_MS = 5 * 60 * 1000

/**
 * What an applicant can do, step by step; each step returns a value or a refusal, and throws `HomeserverError` only
 * if the homeserver fails, after which the same step can be repeated.
 */
export function createApplicant({
  registrar,
  accountLedger,
  links,
  announcements,
  provisioning,
  homeserver,
  intake,
  rules,
  rateLimits,
  entrance,
  invitations,
  clock,
  settings,
}: {
  registrar: Registrar
  accountLedger: AccountLedger
  links: Links
  announcements: Announcements
  provisioning: Provisioning
  homeserver: Homeserver
  intake: Pick<Intake, 'look'>
  rules: RuleStore
  rateLimits: RateLimits
  entrance: Entrance
  invitations: InvitationCodes
  clock: () => number
  settings: {
    password: 'at_request' | 'after_approval'
    legal: boolean
    consentVersion: string | null
    usernameCharacters: UsernameCharacters
  }
}) {
  const passwordPolicy = createKept({
    ask: () => homeserver.passwordPolicy(),
    clock,
    goodForMs: POLICY_AGE_MS,
  })
  const nameAnswer = createShared((username: Username) => homeserver.nameAnswer(username))

  /**
   * Grammar, rules, usernames reserved here, our records, and last the homeserver. `own`: the registration asking;
   * `counts`: whether a rule that blocks it counts a hit, which it does not while somebody types.
   */
  async function checkUsername(
    typed: string,
    own: string | null = null,
    counts = false,
  ): Promise<Result<Username>> {
    const parsed = parseNewUsername(typed, homeserver.domain, settings.usernameCharacters)
    if (!parsed.ok) return parsed
    const username = parsed.value
    const rule = await rules.verdict({ username })
    if (rule?.effect === 'block') {
      if (counts) await rules.hit(rule)
      return refuse({ code: 'username_reserved' })
    }
    if (!(await registrar.isNameFree(username, own))) return refuse({ code: 'username_taken' })
    // Recorded as ours and free means created here and never unlocked: Synapse calls such a username taken, but we
    // can reuse it.
    if ((await accountLedger.account(username)) !== null) return parsed
    switch (await nameAnswer(username)) {
      case 'free':
        return parsed
      case 'taken':
        return refuse({ code: 'username_taken' })
      case 'reserved':
        return refuse({ code: 'username_reserved' })
      case 'invalid':
        return refuse({ code: 'username_characters', characters: settings.usernameCharacters })
    }
  }

  /** Refuses early, before anything is counted or queried; the transaction that would begin checks again. */
  async function mayStart(): Promise<Result<null>> {
    const now = await intake.look()
    return now.open ? accept(null) : refuse({ code: 'registration_closed', until: now.until })
  }

  async function checkAddress(
    typed: string,
    clientAddress: string,
  ): Promise<Result<{ email: EmailAddress; heldFor: HeldFor[] }>> {
    const read = readEmail(typed)
    const rule = await rules.verdict({ clientAddress, ...(read.ok ? { email: read.value } : {}) })
    if (rule?.effect === 'block') {
      await rules.hit(rule)
      if (rule.subject === 'network') return refuse({ code: 'network_blocked' })
      return refuse({ code: rule.disposable ? 'email_disposable' : 'email_blocked' })
    }
    return read.ok ? accept({ email: read.value, heldFor: rule?.disposable ? ['disposable'] : [] }) : read
  }

  /**
   * A rule added after the first step blocks nobody in progress: it flags the request instead. Returns whether to
   * flag it.
   */
  async function holdIfAsked({ id, username, email, clientAddress }: Registration): Promise<boolean> {
    const rule = await rules.verdict({ username, email, clientAddress })
    if (rule !== null) await rules.hold(id, rule)
    return rule !== null
  }

  /** If an invitation is required and there is none, or one that is no longer valid, one is entered here. */
  async function bringCode(
    registration: Registration,
    typed: string,
    clientAddress: string,
  ): Promise<Result<string | null>> {
    const stands = await invitations.stands(registration)
    const needs = stands === 'needs_code' || stands === 'needs_other_code'
    return needs ? invitations.bring(typed, clientAddress) : accept(null)
  }

  /** The homeserver's own `auto_join_rooms` reveal an account before anybody approved it. */
  async function warnOfAutoJoin(username: Username, rooms: string[]): Promise<void> {
    if (rooms.length === 0) return
    await announcements.warnOnce('auto_join_rooms', rooms.join(' '), [
      { kind: 'warn_auto_join', by: 'mail', username, rooms },
      { kind: 'warn_auto_join', by: 'room', username, rooms },
    ])
  }

  /** The second click of a double click finds everything done: that is no refusal. */
  async function orAlready(
    refused: Refused,
    id: string,
    isDone: (registration: Registration) => boolean = isRequested,
  ): Promise<Result<Registration>> {
    const registration = refused.refusal.code === 'wrong_state' ? await registrar.find(id) : null
    return registration !== null && isDone(registration) ? accept(registration) : refused
  }

  /** Done: it is waiting as far as its applicant is told, or was approved through an invitation already. */
  const isRequested = (registration: Registration): boolean => {
    const { state, invitationId } = registration
    const isAdmitted = (state === 'approved' || state === 'completed') && invitationId !== null
    return isAdmitted || stateForApplicant(registration, registrar.policy()) === 'requested'
  }

  const hasPassword = (registration: Registration): boolean =>
    isPasswordSet(registration) && !isResting(registration, registrar.policy())

  const gone = refuse({ code: 'no_registration' })
  const still = (result: Result<Registration | null>): Result<Registration> =>
    !result.ok ? result : result.value === null ? gone : accept(result.value)
  const sent = (result: Result<Registration>, repeated = false): Result<Sent> =>
    result.ok ? accept({ registration: result.value, repeated }) : result

  return {
    checkUsername,
    mayStart,
    passwordPolicy,

    /** Refused while registration is closed. `passes`: exempt. */
    async start(wish: {
      username: string
      email: string
      language: Language
      clientAddress: string
      passes?: boolean
      entry: Entry
      /** An invitation code; empty for none. */
      invitation: string
    }): Promise<Result<{ username: Username; email: EmailAddress; mail: string | null }>> {
      const admitted = wish.passes === true ? accept(null) : await mayStart()
      if (!admitted.ok) return admitted
      const address = await checkAddress(wish.email, wish.clientAddress)
      if (!address.ok) return address
      const { email } = address.value
      const username = await checkUsername(wish.username, null, true)
      if (!username.ok) return username
      const brought = await invitations.bring(wish.invitation, wish.clientAddress)
      if (!brought.ok) return brought
      const { entry, invitation: _, ...rest } = wish
      const seen = await entrance.look('start', entry)
      if (!seen.ok) return seen
      const { heldFor, ...others } = seen.value
      const inLine = brought.value === null ? others : { line: 'invited' as const }
      const taken = await rateLimits.take('mail', wish.clientAddress, {
        subject: mailboxOf(email),
        ...inLine,
      })
      if (!taken.ok) return taken
      const started = await registrar.start({
        ...rest,
        username: username.value,
        email,
        heldFor: [...heldFor, ...address.value.heldFor],
        invitationId: brought.value,
      })
      if (!started.ok) return started
      return accept({ username: username.value, email, mail: started.value })
    },

    async sendLink(wish: {
      email: string
      language: Language
      clientAddress: string
      entry: Entry
    }): Promise<Result<AskedMail>> {
      const address = await checkAddress(wish.email, wish.clientAddress)
      if (!address.ok) return address
      const { email } = address.value
      const seen = await entrance.look('link', wish.entry)
      if (!seen.ok) return seen
      const { heldFor: _, ...inLine } = seen.value
      const taken = await rateLimits.take('mail', wish.clientAddress, {
        subject: mailboxOf(email),
        ...inLine,
      })
      if (!taken.ok) return taken
      const { language, clientAddress } = wish
      const heldFor = [...seen.value.heldFor, ...address.value.heldFor]
      return accept({ email, mail: await registrar.sendLink(email, { language, clientAddress, heldFor }) })
    },

    /** A new email in place of an expired link. It counts for the registration: whoever has the link has its inbox. */
    async renewLink(
      token: Token,
      { language, clientAddress }: { language: Language; clientAddress: string },
    ): Promise<Result<AskedMail>> {
      const id = await links.whoseLink(token, 'verification')
      if (id === null) return rateLimits.unknownLink(clientAddress, refuse({ code: 'link_broken' }))
      const found = await links.lookAtLink(token)
      if (!found.ok && found.refusal.code !== 'link_expired') return found
      const taken = await rateLimits.takeOwn('renewal', id)
      if (!taken.ok) return taken
      const renewed = await links.renewLink(token, language)
      if (!renewed.ok) return renewed
      const { registration, mail } = renewed.value
      return accept({ email: registration.email, mail })
    },

    async chooseName(registration: Registration, typed: string): Promise<Result<Registration>> {
      const username = await checkUsername(typed, registration.id, true)
      return username.ok ? still(await registrar.chooseName(registration.id, username.value)) : username
    },

    /**
     * Password and reason. The password is sent to the homeserver and nowhere else. `invitation`: a code, if the
     * earlier one is no longer valid; empty for none.
     */
    async request(
      registration: Registration,
      typed: { password: string; reason: string; legal: boolean; invitation: string },
      clientAddress: string,
    ): Promise<Result<Sent>> {
      if (isRequested(registration)) return accept({ registration, repeated: true })
      const { state, account, holdsName } = registration
      if (state !== 'verified') return refuse({ code: 'wrong_state', state, account })
      if (!holdsName) return refuse({ code: 'username_lost' })
      const needsPassword = passwordModeOf(registration, settings) === 'at_request'
      const weak = needsPassword
        ? checkPassword(typed.password, registration.username, await passwordPolicy())
        : null
      const reason = parseReason(typed.reason)
      const unread: Refusal | null = settings.legal && !typed.legal ? { code: 'legal_missing' } : null
      const brought = await bringCode(registration, typed.invitation, clientAddress)
      const [first, ...others] = [
        weak,
        reason.ok ? null : reason.refusal,
        unread,
        brought.ok ? null : brought.refusal,
      ].filter((found) => found !== null)
      if (first !== undefined || !reason.ok) return first === undefined ? gone : refuse(first, ...others)
      const kept = await registrar.act(
        registration.id,
        { type: 'keep_reason', reason: reason.value },
        APPLICANT,
      )
      if (!kept.ok) return sent(await orAlready(kept, registration.id), needsPassword)
      if (brought.ok && brought.value !== null) {
        const bring = { type: 'bring', invitationId: brought.value } as const
        const came = await registrar.act(registration.id, bring, APPLICANT)
        if (!came.ok) return sent(await orAlready(came, registration.id), needsPassword)
      }
      const lookCloser = await holdIfAsked(registration)
      const action = {
        type: 'request',
        reason: reason.value,
        legalAccepted: settings.legal && typed.legal,
        consentVersion: settings.consentVersion,
        lookCloser,
      } as const
      if (needsPassword) {
        const { filled, isSent } = await provisioning.fill(registration.id, typed.password, action)
        if (!filled.ok) return sent(await orAlready(filled, registration.id), !isSent)
        await warnOfAutoJoin(registration.username, filled.value.joinedRooms)
        return sent(still(accept(filled.value.registration)))
      }
      const requested = await registrar.act(registration.id, action, APPLICANT)
      return sent(requested.ok ? still(requested) : await orAlready(requested, registration.id))
    },

    /**
     * Sets the password of an approved registration: the account is created now, and unlocked by a job. Whoever has not
     * accepted the legal documents, as a request that was imported, does so now.
     */
    async setPassword(
      registration: Registration,
      typed: { password: string; legal: boolean },
    ): Promise<Result<Sent>> {
      const { state, account, username } = registration
      if (hasPassword(registration)) return accept({ registration, repeated: true })
      if (!awaitsPassword(registration) || isResting(registration, registrar.policy()))
        return refuse({ code: 'wrong_state', state, account })
      const asksLegal = settings.legal && !hasAccepted(registration)
      const weak = checkPassword(typed.password, username, await passwordPolicy())
      const unread: Refusal | null = asksLegal && !typed.legal ? { code: 'legal_missing' } : null
      const [first, ...others] = [weak, unread].filter((found) => found !== null)
      if (first !== undefined) return refuse(first, ...others)
      const { consentVersion } = settings
      const { filled, isSent } = await provisioning.fill(registration.id, typed.password, {
        type: 'password_set',
        ...(asksLegal ? { accepted: { consentVersion } } : {}),
      })
      return filled.ok
        ? sent(still(accept(filled.value.registration)))
        : sent(await orAlready(filled, registration.id, hasPassword), !isSent)
    },

    async withdraw(registration: Registration): Promise<Result<Registration>> {
      const withdrawn = await registrar.act(registration.id, { type: 'withdraw' }, APPLICANT)
      return withdrawn.ok ? still(withdrawn) : orAlready(withdrawn, registration.id, isWithdrawn)
    },

    speak: (registration: Registration, language: Language) =>
      registrar.act(registration.id, { type: 'speak', language }, APPLICANT),
  }
}

/** Done: an approved account has its password. */
const isPasswordSet = ({ state, account }: Registration): boolean =>
  (state === 'approved' && account === 'filled') || (state === 'completed' && account === 'open')

const isWithdrawn = ({ state }: Registration): boolean => state === 'withdrawn'
