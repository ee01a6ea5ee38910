import { accept, refuse, type Refused, type Result } from '$lib/registration/refusal'
import { byNetwork, type Claim, type RateLimiter } from './rate-limiter'
import type { CapacityWatch, Room } from './capacity-watch'
import { MINUTE } from '$lib/registration/time'

/** Strangers' actions that cost the homeserver or other people's inboxes something. */
export type Limited = 'name_check' | 'mail'

/**
 * Limits, multiplied by the emails that one network may request: `network` per client network, `subject` per inbox.
 * `everybody`: multiplied by the total limit per minute. `first`: this many attempts of a network count in a separate
 * quota of the same size, so that newcomers are not stuck behind those who keep trying.
 */
const SHARES: Record<Limited, { network: number; subject: number; everybody: number; first: number }> = {
  name_check: { network: 200, subject: 200, everybody: 12, first: 4 },
  mail: { network: 1, subject: 1, everybody: 1, first: 1 },
}

/** Actions through a link or a cookie of one's own, which nobody can guess. */
export type LimitedPerRegistration = 'confirmation' | 'renewal' | 'name_choice' | 'password' | 'answer'

/**
 * The same per registration, from any network: strangers cannot use it up. `everybody`: only for actions that cost
 * the homeserver something; exhausting it takes as many registrations with a confirmed email.
 */
const OWN: Record<LimitedPerRegistration, { count: number; everybody: number | null; first: number }> = {
  confirmation: { count: 20, everybody: null, first: 0 },
  renewal: { count: 1, everybody: null, first: 0 },
  name_choice: { count: 200, everybody: 12, first: 4 },
  password: { count: 10, everybody: 1, first: 2 },
  answer: { count: 10, everybody: null, first: 0 },
}

/** Invalid links, multiplied by the emails that one network may request. */
const UNKNOWN_LINKS = 20

/**
 * The group that counts for somebody who requests an email: with a valid invitation; with a proof of work, or if none
 * is required; without one; or as bots.
 */
export type Line = 'invited' | 'proved' | 'unproved' | 'trapped'

/**
 * Each group has its own quota, as a share of the total limit, so that none uses up another's. Without a proof it is
 * smaller.
 */
export const LINES: Record<Line, { share: number; newcomers: boolean }> = {
  invited: { share: 1, newcomers: true },
  proved: { share: 1, newcomers: true },
  unproved: { share: 1 / 5, newcomers: true },
  trapped: { share: 1 / 20, newcomers: false },
}

export type RateLimits = ReturnType<typeof createRateLimits>

/** Rate limits for applicants that survive restarts and hold across all processes on one database (`rate_limit`). */
export function createRateLimits({
  limits,
  crowds,
  settings,
}: {
  limits: Pick<RateLimiter, 'take' | 'takeAll' | 'refusing'>
  /** Called when a shared limit is reached. */
  crowds: Pick<CapacityWatch, 'full'>
  settings: { emailSubmission: number; emailSubmissionHours: number; everybodyPerMinute: number }
}) {
  const { emailSubmission: mails, emailSubmissionHours: hours, everybodyPerMinute } = settings
  const windowMs = hours * 60 * MINUTE

  const roomOf = (room: Room, which: 'newcomers' | 'everybody', count: number): Claim => ({
    kind: `${room}-${which}`,
    subject: '',
    limit: { count: Math.max(1, Math.round(count * everybodyPerMinute)), windowMs: MINUTE },
  })

  /** Counts it in the newcomers' quota, according to `first`, or else in the general one. */
  async function inRoom(
    claims: Claim[],
    { room, count, first }: { room: Room; count: number; first: Claim[] | null },
    more: Claim[] = [],
  ): Promise<Result<null>> {
    if (first !== null) {
      const asNewcomer = [...claims, ...more, ...first, roomOf(room, 'newcomers', count)]
      if ((await limits.takeAll(asNewcomer)).ok) return accept(null)
    }
    const together = roomOf(room, 'everybody', count)
    const all = [...claims, ...more, together]
    const taken = await limits.takeAll(all)
    if (taken.ok) return accept(null)
    const by = await limits.refusing(all)
    if (by === together) crowds.full(room)
    const unproved =
      by !== null &&
      (more.includes(by) || (by === together && (room === 'mail_unproved' || room === 'mail_trapped')))
    return tooMany(taken.retryAfterMs, unproved ? 'unproved' : claims.some(isMail) ? 'mails' : 'tries')
  }

  return {
    /**
     * Counts one attempt of a stranger, or refuses it: `too_many_mails`, `too_many_unproved` or `too_many_tries`.
     * `subject`: the inbox concerned. `more`: what else it counts as.
     */
    async take(
      what: Limited,
      clientAddress: string,
      { subject, more = [], line = 'proved' }: { subject?: string; more?: Claim[]; line?: Line } = {},
    ): Promise<Result<null>> {
      const share = SHARES[what]
      const network = `${what}-network`
      const claims = byNetwork(network, clientAddress, { count: share.network * mails, windowMs })
      if (subject !== undefined)
        claims.push({ kind: `${what}-subject`, subject, limit: { count: share.subject * mails, windowMs } })
      const { share: part, newcomers } = LINES[line]
      const room = line === 'proved' ? what : (`mail_${line}` as const)
      // The same attempts, and fewer of them: those who come for the first time.
      const first = newcomers ? byNetwork(network, clientAddress, { count: share.first, windowMs }) : null
      return inRoom(claims, { room, count: share.everybody * part, first }, more)
    },

    /** Counts one action on somebody's own registration, or refuses it. */
    async takeOwn(what: LimitedPerRegistration, registrationId: string): Promise<Result<null>> {
      const { count, everybody, first } = OWN[what]
      const own = { kind: `own-${what}`, subject: registrationId }
      const claim = { ...own, limit: { count: count * mails, windowMs } }
      if (everybody !== null && (what === 'password' || what === 'name_choice'))
        return inRoom([claim], {
          room: what,
          count: everybody,
          first: [{ ...own, limit: { count: first, windowMs } }],
        })
      const taken = await limits.takeAll([claim])
      return taken.ok ? accept(null) : tooMany(taken.retryAfterMs, isMail(claim) ? 'mails' : 'tries')
    },

    /**
     * The answer for an invalid link: `broken`, or too many of them from this network. Valid links are not counted
     * here, and never refused for this.
     */
    async unknownLink(clientAddress: string, broken: Refused): Promise<Refused> {
      const limit = { count: UNKNOWN_LINKS * mails, windowMs }
      const taken = await limits.takeAll(byNetwork('unknown-link', clientAddress, limit))
      return taken.ok ? broken : tooMany(taken.retryAfterMs, 'tries')
    },
  }
}

const isMail = ({ kind }: Claim): boolean => kind === 'mail-network' || kind === 'own-renewal'

function tooMany(retryAfterMs: number, of: 'mails' | 'unproved' | 'tries'): Refused {
  const minutes = Math.max(1, Math.ceil(retryAfterMs / MINUTE))
  if (of === 'unproved') return refuse({ code: 'too_many_unproved', minutes })
  return of === 'mails' && minutes > 1
    ? refuse({ code: 'too_many_mails', hours: Math.ceil(minutes / 60) })
    : refuse({ code: 'too_many_tries', minutes })
}
