import { accept, refuse, type Refused, type Result } from '$lib/registration/refusal'
import { byNetwork, type Claim, type Limits } from './rate-limiter'
import type { CrowdWatch, Room } from './capacity-watch'

const MINUTE_MS = 60_000

/** What strangers do that costs the homeserver or other people's mailboxes something. */
export type Braked = 'name_check' | 'mail'

/**
 * How often, for each mail that one network may ask for: `network` of one client network, `subject` of one mailbox.
 * `everybody`: for each time that all together may within a minute. `first`: so many tries of a network have a room of
 * their own, as large as the one for everybody: those who come for the first time do not stand in line behind those who
 * try again and again.
 */
const SHARES: Record<Braked, { network: number; subject: number; everybody: number; first: number }> = {
  name_check: { network: 200, subject: 200, everybody: 12, first: 4 },
  mail: { network: 1, subject: 1, everybody: 1, first: 1 },
}

/** What people do by a link or a cookie of their own, which nobody can guess. */
export type OwnBraked = 'confirmation' | 'renewal' | 'name_choice' | 'password' | 'answer'

/**
 * The same for each registration, whatever network asks: no stranger uses that up. `everybody`: only where it costs the
 * homeserver something; to fill that room takes as many registrations with a confirmed address.
 */
const OWN: Record<OwnBraked, { count: number; everybody: number | null; first: number }> = {
  confirmation: { count: 20, everybody: null, first: 0 },
  renewal: { count: 1, everybody: null, first: 0 },
  name_choice: { count: 200, everybody: 12, first: 4 },
  password: { count: 10, everybody: 1, first: 2 },
  answer: { count: 10, everybody: null, first: 0 },
}

/** Links that nobody was ever sent, for each mail that one network may ask for. */
const UNKNOWN_LINKS = 20

/**
 * Where somebody stands who asks for a mail: with an invitation that counts; with a proof of work, or where none is asked
 * for; without one; or as programs do.
 */
export type Line = 'invited' | 'proved' | 'unproved' | 'trapped'

/**
 * Each line has rooms of its own, for so large a part of what all may: none takes another one's. Who brings no proof has
 * less of it.
 */
export const LINES: Record<Line, { share: number; newcomers: boolean }> = {
  invited: { share: 1, newcomers: true },
  proved: { share: 1, newcomers: true },
  unproved: { share: 1 / 5, newcomers: true },
  trapped: { share: 1 / 20, newcomers: false },
}

export type Brakes = ReturnType<typeof createBrakes>

/** Limits on applicants that outlive a restart and hold for all programs on one database (`rate_limit`). */
export function createBrakes({
  limits,
  crowds,
  settings,
}: {
  limits: Pick<Limits, 'take' | 'takeAll' | 'refusing'>
  /** Hears of rooms that are full. */
  crowds: Pick<CrowdWatch, 'full'>
  settings: { emailSubmission: number; emailSubmissionHours: number; everybodyPerMinute: number }
}) {
  const { emailSubmission: mails, emailSubmissionHours: hours, everybodyPerMinute } = settings
  const windowMs = hours * 60 * MINUTE_MS

  const roomOf = (room: Room, which: 'newcomers' | 'everybody', count: number): Claim => ({
    kind: `${room}-${which}`,
    subject: '',
    limit: { count: Math.max(1, Math.round(count * everybodyPerMinute)), windowMs: MINUTE_MS },
  })

  /** Counts it in the room of newcomers, by `first`, or else in the one of everybody. */
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
     * Counts one try of a stranger, or refuses it: `too_many_mails`, `too_many_unproved` or `too_many_tries`. `subject`:
     * the mailbox that it is about. `more`: what else it counts as.
     */
    async take(
      what: Braked,
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
      // The same tries, and fewer of them: who comes for the first time.
      const first = newcomers ? byNetwork(network, clientAddress, { count: share.first, windowMs }) : null
      return inRoom(claims, { room, count: share.everybody * part, first }, more)
    },

    /** Counts one try of what somebody does with their own registration, or refuses it. */
    async takeOwn(what: OwnBraked, registrationId: string): Promise<Result<null>> {
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
     * What to say of a link that nobody was sent: `broken`, or that there were too many of them from this network. Links that
     * somebody was sent are not counted here, and never refused for this.
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
  const minutes = Math.max(1, Math.ceil(retryAfterMs / MINUTE_MS))
  if (of === 'unproved') return refuse({ code: 'too_many_unproved', minutes })
  return of === 'mails' && minutes > 1
    ? refuse({ code: 'too_many_mails', hours: Math.ceil(minutes / 60) })
    : refuse({ code: 'too_many_tries', minutes })
}
