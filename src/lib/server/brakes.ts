import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Claim, Limits } from './auth/limits'

const MINUTE_MS = 60_000

/** What applicants do that costs the homeserver, other people's mailboxes or moderators something. */
export type Braked = 'name_check' | 'mail' | 'confirmation' | 'password' | 'answer'

/**
 * How often, for each mail that one network may ask for: `network` of one client network, `subject` of one address or
 * registration. `everybody`: for each time that all together may within a minute. `first`: so many tries of a network
 * have a room of their own, as large as the one for everybody: in a wave, those who come for the first time do not stand
 * in line behind those who try again and again.
 */
const SHARES: Record<Braked, { network: number; subject: number; everybody: number; first: number }> = {
  name_check: { network: 200, subject: 200, everybody: 12, first: 4 },
  mail: { network: 1, subject: 1, everybody: 1, first: 1 },
  confirmation: { network: 20, subject: 20, everybody: 1, first: 2 },
  password: { network: 20, subject: 10, everybody: 1, first: 2 },
  answer: { network: 20, subject: 10, everybody: 1, first: 2 },
}

export type Brakes = ReturnType<typeof createBrakes>

/** Limits on applicants that outlive a restart and hold for all programs on one database (`rate_limit`). */
export function createBrakes({
  limits,
  settings,
}: {
  limits: Pick<Limits, 'takeAll'>
  settings: { emailSubmission: number; emailSubmissionHours: number; everybodyPerMinute: number }
}) {
  const { emailSubmission: mails, emailSubmissionHours: hours, everybodyPerMinute } = settings
  const windowMs = hours * 60 * MINUTE_MS

  return {
    /**
     * Counts one try, or refuses it: `too_many_mails` or `too_many_tries`. `subject`: the mailbox or the registration
     * that it is about, where one is known. `more`: what else it counts as.
     */
    async take(
      what: Braked,
      clientAddress: string,
      subject?: string,
      more: Claim[] = [],
    ): Promise<Result<null>> {
      const share = SHARES[what]
      const together = { count: share.everybody * everybodyPerMinute, windowMs: MINUTE_MS }
      const claims: Claim[] = [
        ...more,
        {
          kind: `${what}-network`,
          subject: clientAddress,
          limit: { count: share.network * mails, windowMs },
        },
      ]
      if (subject !== undefined)
        claims.push({ kind: `${what}-subject`, subject, limit: { count: share.subject * mails, windowMs } })
      const asNewcomer = await limits.takeAll([
        ...claims,
        { kind: `${what}-first`, subject: clientAddress, limit: { count: share.first, windowMs } },
        { kind: `${what}-newcomers`, subject: '', limit: together },
      ])
      if (asNewcomer.ok) return accept(null)
      const taken = await limits.takeAll([
        ...claims,
        { kind: `${what}-everybody`, subject: '', limit: together },
      ])
      if (taken.ok) return accept(null)
      const minutes = Math.ceil(taken.retryAfterMs / MINUTE_MS)
      return what === 'mail' && minutes > 1
        ? refuse({ code: 'too_many_mails', hours: Math.ceil(minutes / 60) })
        : refuse({ code: 'too_many_tries', minutes: Math.max(1, minutes) })
    },
  }
}
