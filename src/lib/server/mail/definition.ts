import type { Role } from '$lib/moderation/moderator'
import type { Policy } from '$lib/registration/decide'
import type { MailKind, MailPayload } from '$lib/registration/mail-job'
import type { Registration } from '$lib/registration/registration'
import type { BroughtAlong } from '$lib/registration/wish'
import type { FirstStepsView, SupportView } from '$lib/registration/views'
import type { Username } from '$lib/registration/username'
import type { Content, Wording } from './content'

/** An email with data `D`, among it its kind. Links are absolute. */
export interface Worded<D> {
  content(mail: D, wording: Wording): Content
}

/** Where emails to applicants get their data from, besides the registration. */
export interface Sources {
  policy(): Policy
  /** The homeserver's name: the part after the colon in a Matrix ID, to type into a Matrix client. */
  domain: string
  /** Lifetimes of links: to set a password, and to confirm an address. */
  approvedDays: number
  confirmHours: number
  /** Each mints a new link. */
  statusLink(registration: Registration): Promise<string>
  confirmLink(registration: Registration, username: Username, brought: BroughtAlong | null): Promise<string>
  /** The moderators' question of a time. */
  question(registration: Registration, at: number): Promise<string>
  /** Where registration starts. */
  startLink: string
  firstSteps(registration: Registration): FirstStepsView
  support: SupportView | null
  /** A list of other servers; null: none is named. */
  otherServers: string | null
}

/** A link of a moderator, new with this email. */
export interface ModeratorLink {
  role: Role | null
  by: string | null
  username: string | null
  /** The link by the page that it opens. */
  to(page: 'join' | 'confirm'): string
  days: number
}

/**
 * An email to an applicant. Null: the registration has changed since, so the email no longer applies. `Instead`: the data
 * of another email that is sent in its place then.
 */
export interface ApplicantMail<K extends MailKind, D, Instead = D> extends Worded<D> {
  compose(job: MailPayload<K>, registration: Registration, sources: Sources): Promise<D | Instead | null>
}

/** An email to an address that is in its job, where nobody has a registration. */
export interface AddressedMail<K extends MailKind, D> extends Worded<D> {
  compose(job: MailPayload<K>, sources: Sources): Promise<D | null>
}

/** An email to an address that is in its job, with a moderator's link. */
export interface LinkMail<K extends MailKind, D> extends Worded<D> {
  compose(job: MailPayload<K>, link: ModeratorLink): Promise<D | null>
}

/** An email that is a job of its own; what its job carries tells to whom it is. */
export type JobMail<K extends MailKind, D> =
  MailPayload<K> extends { link: string }
    ? LinkMail<K, D>
    : MailPayload<K> extends { email: string }
      ? AddressedMail<K, D>
      : ApplicantMail<K, D>
