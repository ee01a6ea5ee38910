import * as v from 'valibot'
import { openingView } from '$lib/moderation/opening'
import { isResting, stateForApplicant } from '$lib/registration/decide'
import { isAsked } from '$lib/registration/decide-talk'
import { languageSchema } from '$lib/registration/language'
import { passwordMinimum, type PasswordRules } from '$lib/registration/password'
import { accept, refuse, type PasswordNeed, type Refusal } from '$lib/registration/refusal'
import type { Registration } from '$lib/registration/registration'
import { linkHours, STATUS_LINK_DAYS } from '$lib/registration/retention'
import { isShownBefore, shownOf } from '$lib/registration/shown'
import {
  awaitsPassword,
  hasAccepted,
  mustChooseName,
  passwordModeOf,
  type Probation,
} from '$lib/registration/state'
import { matrixId, parseUsername, type Username } from '$lib/registration/username'
import type { OwnView } from '$lib/registration/views'
import { PROOF_PURPOSES } from '../intake/proof-of-work'
import { parseToken, type Token } from '../crypto/tokens'
import type { FirstSteps } from '../registrations/first-steps'
import type { ActingLink } from '../registrations/links'
import type { Needing } from './context'
import { countRefusal } from './count-refusal'
import { orThrow, refusalError, RefusalError } from './refusal-error'
import * as t from './t'
import { APPLICANT_COOKIE, isOwnGone, line, ownRegistration } from './t'
import { DAY } from '$lib/registration/time'

const needed = t.needs(
  'applicant',
  'config',
  'entrance',
  'firstSteps',
  'invitations',
  'mailStandings',
  'intake',
  'rateLimits',
  'registrar',
  'links',
  'jobResults',
  'conversation',
  'metrics',
  'tallyCounter',
  'worker',
)
const procedure = t.procedure.use(needed)
const applicantProcedure = (...links: ActingLink[]) => t.applicantProcedure(...links).use(needed)
const ownProcedure = (...links: ActingLink[]) => t.ownProcedure(...links).use(needed)

const text = v.pipe(v.string(), v.maxLength(100_000))
const proof = v.pipe(v.string(), v.maxLength(10_000))
/** A form's hidden bot-check fields; clients without a form send neither, and are checked more closely. */
const entry = {
  proof: v.optional(proof),
  trap: v.optional(text),
}
const BROKEN = refuse({ code: 'link_broken' })
const COOKIE_SECONDS = (STATUS_LINK_DAYS * DAY) / 1000

/** What applicants see of their own registration. */
export async function ownView(
  registration: Registration,
  {
    services: { config, firstSteps, registrar, jobResults, invitations, mailStandings },
  }: Needing<'config' | 'firstSteps' | 'registrar' | 'jobResults' | 'invitations' | 'mailStandings'>,
): Promise<OwnView> {
  const { id, username, holdsName, email, reason, account, startedAt } = registration
  const policy = registrar.policy()
  const resting = isResting(registration, policy)
  const told = toldOf(registration, resting)
  const exchanges = await registrar.exchanges(id)
  const state = stateForApplicant(registration, policy)
  const awaits = awaitsPassword(registration) && !resting
  const hadAccount = state === 'denied' && registration.approval !== null
  const failed = state === 'completed' ? await jobResults.failedKinds(id) : []
  return {
    id,
    shown: shownOf(registration),
    state,
    username,
    matrixId: matrixId(username, config.synapse.domain),
    holdsName,
    email,
    reason,
    account,
    opening: registration.opening,
    unfinished: (['bind_address', 'consent'] as const).filter((kind) => failed.includes(kind)),
    startedAt,
    reachedAt: await registrar.reachedAt(id, told.since),
    // Where nobody denied, as the account was found removed, it is the message of the approval.
    message: hadAccount && told.decidedBy === null ? null : told.message,
    silent: state === 'approved' && registration.silent,
    awaitsPassword: awaits,
    asksLegal: awaits && config.legal.length > 0 && !hasAccepted(registration),
    asksPassword:
      awaits || (state === 'verified' && passwordModeOf(registration, config.registration) === 'at_request'),
    talk: exchanges.map(({ at, author, text: words }) => ({
      at,
      from: author === 'moderator' ? ('moderators' as const) : ('you' as const),
      text: words,
    })),
    asked: isAsked(registration, policy),
    hadAccount,
    probation: state === 'completed' ? told.probation : null,
    firstSteps: state === 'completed' ? firstStepsOf(username, firstSteps) : null,
    mail: await mailStandings.newest(id),
    invitation: await invitations.stands(registration),
  }
}

/** What an applicant sees of a decision; a pending one shows nothing, or still the previous one. */
function toldOf(registration: Registration, resting: boolean) {
  const { denial, approval, decidedBy, message, stateSince: since, probation, probationUntil } = registration
  if (!resting) return { decidedBy, message, since, probation: probationOf(probation, probationUntil) }
  if (approval !== null) return { ...approval, probation: probationOf(approval.probation, approval.until) }
  return { ...(denial ?? { decidedBy: null, message: null, since }), probation: null }
}

const probationOf = (probation: Probation, until: number | null): OwnView['probation'] =>
  probation === 'none' ? null : { until: probation === 'running' ? until : null }

/** With the QR code of the suggested app for phones. */
function firstStepsOf(username: Username, firstSteps: FirstSteps): OwnView['firstSteps'] {
  const steps = firstSteps.of(username)
  const phone = steps.apps.find(({ platform }) => platform === 'phone')
  return { ...steps, qr: phone === undefined ? null : firstSteps.qrOf(phone.url) }
}

/** Makes the calling browser the applicant's. */
export function letIn({ cookies }: Needing<never>, applicant: Token): void {
  cookies.set(APPLICANT_COOKIE, applicant, COOKIE_SECONDS)
}

/** Counts the use of a link: for its registration, or for the network if the link is invalid. */
export async function takeByLink(
  ctx: Needing<'links' | 'rateLimits'>,
  token: Token,
  purpose: ActingLink,
): Promise<void> {
  const { links, rateLimits } = ctx.services
  const id = await links.whoseLink(token, purpose)
  if (id === null) throw refusalError(await rateLimits.unknownLink(ctx.clientAddress, BROKEN))
  orThrow(await rateLimits.takeOwn('confirmation', id))
}

async function byStatusLink(ctx: Needing<'links'>, token: string): Promise<Registration> {
  const parsed = parseToken(token)
  return orThrow(parsed === null ? BROKEN : await ctx.services.links.byToken(parsed, 'status'))
}

/** Whether a username is the one that this browser's applicant holds: neither free nor taken. */
function isOwnName(
  typed: string,
  own: Registration | null,
  { services: { config } }: Needing<'config'>,
): boolean {
  if (own?.holdsName !== true) return false
  const parsed = parseUsername(typed, config.synapse.domain)
  return parsed.ok && parsed.value === own.username
}

export const registrationRouter = t.router({
  /** Returns a value, so that an unfinished username is no error. `typing`: not submitted yet. */
  checkUsername: procedure
    .input(v.parser(v.object({ username: line, typing: v.optional(v.boolean()) })))
    .query(async ({ ctx, input }) => {
      const own = await ownRegistration(ctx)
      const { applicant, rateLimits } = ctx.services
      orThrow(
        await (own === null
          ? rateLimits.take('name_check', ctx.clientAddress)
          : rateLimits.takeOwn('name_choice', own.id)),
      )
      if (isOwnName(input.username, own, ctx))
        return { ok: false as const, refusal: { code: 'username_own' } satisfies Refusal }
      // For any other, it is the username of a new request, as which the next step looks at it.
      const chooses = own !== null && mustChooseName(own) ? own.id : null
      const admitted = chooses === null ? await applicant.mayStart() : accept(null)
      const answer = admitted.ok ? await applicant.checkUsername(input.username, chooses) : admitted
      if (!answer.ok) {
        const refused = new RefusalError(answer)
        if (input.typing !== true) countRefusal(ctx.services, 'registration.checkUsername', refused)
        return { ok: false as const, refusal: answer.refusal }
      }
      return {
        ok: true as const,
        username: answer.value,
        matrixId: matrixId(answer.value, ctx.services.config.synapse.domain),
      }
    }),

  /** Whether registration is open; if not, with the message for visitors in their language. */
  opening: procedure.query(async ({ ctx }) => openingView(await ctx.services.intake.look(), ctx.language)),

  /**
   * The hidden fields of a form that requests an email, and whether the browser must solve a proof of work first.
   * `proof`: what came with the form that was refused, if this one takes its place; one that is not ours tells nothing.
   */
  form: procedure
    .input(
      v.parser(v.object({ purpose: v.picklist(PROOF_PURPOSES), proof: v.optional(v.fallback(proof, '')) })),
    )
    .query(({ ctx, input }) => ctx.services.entrance.form(input.purpose, input.proof)),

  /**
   * Whether an invitation code is valid. Not a query, because invalid ones are counted. Returns its normalized form;
   * null for none.
   */
  checkInvitation: procedure
    .input(v.parser(v.object({ invitation: line })))
    .mutation(async ({ ctx, input }) => {
      const { services, clientAddress } = ctx
      return { invitation: orThrow(await services.invitations.check(input.invitation, clientAddress)) }
    }),

  start: procedure
    .input(v.parser(v.object({ username: line, email: line, invitation: v.optional(line), ...entry })))
    .mutation(async ({ ctx, input: { proof = '', trap = '', invitation = '', ...input } }) => {
      const { services, language, clientAddress } = ctx
      orThrow(await services.rateLimits.take('name_check', clientAddress))
      if (isOwnName(input.username, await ownRegistration(ctx), ctx))
        throw refusalError(refuse({ code: 'username_own' }))
      const came = { proof, trap, clientAddress }
      const { username, email, mail } = orThrow(
        await services.applicant.start({ ...input, invitation, language, clientAddress, entry: came }),
      )
      services.worker.nudge()
      return { username, email, mail, matrixId: matrixId(username, services.config.synapse.domain) }
    }),

  sendLink: procedure
    .input(v.parser(v.object({ email: line, ...entry })))
    .mutation(async ({ ctx, input: { proof = '', trap = '', email: typed } }) => {
      const { services, language, clientAddress } = ctx
      const came = { proof, trap, clientAddress }
      const asked = orThrow(
        await services.applicant.sendLink({ email: typed, language, clientAddress, entry: came }),
      )
      services.worker.nudge()
      return asked
    }),

  /** The status of an email returned by `start`, `sendLink` or `renew`; null: unknown by now. */
  mail: procedure.input(v.parser(v.object({ id: line }))).query(async ({ ctx, input }) => ({
    standing: await ctx.services.mailStandings.of(input.id),
  })),

  current: procedure.query(async ({ ctx }) => {
    const registration = await ownRegistration(ctx)
    return registration === null ? null : ownView(registration, ctx)
  }),

  /** Whether `current` is null because this browser's registration has been deleted. */
  isGone: procedure.query(({ ctx }) => isOwnGone(ctx)),

  /** If its answer got lost, the page still shows the username of before: sent again, it finds everything done. */
  chooseUsername: ownProcedure('verification', 'status')
    .input(v.parser(v.object({ username: line })))
    .mutation(async ({ ctx, input }) => {
      const own = ctx.registration
      if (isOwnName(input.username, own, ctx) && (ctx.link !== null || isShownBefore(input.shown ?? '', own)))
        return ownView(own, ctx)
      t.mustShow(ctx, input)
      orThrow(await ctx.services.rateLimits.takeOwn('name_choice', ctx.registration.id))
      return ownView(orThrow(await ctx.services.applicant.chooseName(ctx.registration, input.username)), ctx)
    }),

  /** `link`: the way to the status for somebody whose link this uses up. */
  request: applicantProcedure('verification', 'status')
    .input(
      v.parser(
        v.object({
          password: v.optional(text, ''),
          reason: text,
          legal: v.boolean(),
          invitation: v.optional(line),
        }),
      ),
    )
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.rateLimits.takeOwn('password', ctx.registration.id))
      const { registration: own, clientAddress, link } = ctx
      const { links } = ctx.services
      const { registration, repeated } = orThrow(
        await ctx.services.applicant.request(
          own,
          { ...input, invitation: input.invitation ?? '' },
          clientAddress,
        ),
      )
      ctx.services.worker.nudge()
      const spent = link === 'verification'
      const view = await ownView(registration, ctx)
      return { ...view, repeated, link: spent ? await links.mintLink(registration, 'status', null) : null }
    }),

  setPassword: applicantProcedure('status')
    .input(v.parser(v.object({ password: text, legal: v.optional(v.boolean()) })))
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.rateLimits.takeOwn('password', ctx.registration.id))
      const { registration, repeated } = orThrow(
        await ctx.services.applicant.setPassword(ctx.registration, {
          password: input.password,
          legal: input.legal ?? false,
        }),
      )
      ctx.services.worker.nudge()
      return { ...(await ownView(registration, ctx)), repeated }
    }),

  passwordRules: procedure.query(async ({ ctx }): Promise<PasswordRules> => {
    const policy = await ctx.services.applicant.passwordPolicy()
    const asked: [PasswordNeed, boolean | undefined][] = [
      ['digit', policy.requireDigit],
      ['symbol', policy.requireSymbol],
      ['lowercase', policy.requireLowercase],
      ['uppercase', policy.requireUppercase],
    ]
    return {
      minimum: passwordMinimum(policy),
      needs: asked.filter(([, is]) => is).map(([need]) => need),
      judged: (policy.minimumScore ?? 0) > 0,
    }
  }),

  /** The lifetime of links in emails. */
  links: procedure.query(({ ctx }) => ({
    confirmHours: linkHours(ctx.services.config.retention),
    statusDays: STATUS_LINK_DAYS,
  })),

  /** Whether it is a status link, valid or not; asks without refusing, for links that may be of either kind. */
  isStatusLink: procedure.input(v.parser(v.object({ token: line }))).query(async ({ ctx, input }) => {
    const token = parseToken(input.token)
    return token !== null && (await ctx.services.links.whoseLink(token, 'status')) !== null
  }),

  status: procedure.input(v.parser(v.object({ token: line }))).query(async ({ ctx, input }) => {
    return ownView(await byStatusLink(ctx, input.token), ctx)
  }),

  resume: procedure.input(v.parser(v.object({ token: line }))).mutation(async ({ ctx, input }) => {
    const token = parseToken(input.token)
    if (token !== null) await takeByLink(ctx, token, 'status')
    const registration = await byStatusLink(ctx, input.token)
    letIn(ctx, await ctx.services.links.letIn(registration.id))
    return ownView(registration, ctx)
  }),

  withdraw: applicantProcedure('status').mutation(async ({ ctx }) => {
    const withdrawn = orThrow(await ctx.services.applicant.withdraw(ctx.registration))
    ctx.services.worker.nudge()
    return ownView(withdrawn, ctx)
  }),

  /** Answers a moderators' question, in the applicant's browser or behind an email's link (`token`). */
  answer: applicantProcedure('status')
    .input(v.parser(v.object({ text })))
    .mutation(async ({ ctx, input }) => {
      const { registration: own } = ctx
      orThrow(await ctx.services.rateLimits.takeOwn('answer', own.id))
      orThrow(await ctx.services.conversation.answer(own, input.text))
      ctx.services.worker.nudge()
    }),

  /** Emails follow the language of the pages that show their registration, also behind an email's link. */
  speak: applicantProcedure('status', 'verification')
    .input(v.parser(v.object({ language: languageSchema })))
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.applicant.speak(ctx.registration, input.language))
    }),
})
