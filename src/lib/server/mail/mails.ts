import type { Language } from '$lib/registration/language'
import type { MailKind } from '$lib/registration/mail-job'
import { wordingOf, type Content } from './content'
import type { JobMail, Worded } from './definition'
import { approved } from './mails/approved'
import { confirmModerator } from './mails/confirm-moderator'
import { denied } from './mails/denied'
import { invitation } from './mails/invitation'
import { knownAddress } from './mails/known-address'
import { moderatorsAutoJoin } from './mails/moderators-auto-join'
import { moderatorsOpening } from './mails/moderators-opening'
import { moderatorsOutage } from './mails/moderators-outage'
import { moderatorsWaiting } from './mails/moderators-waiting'
import { probationOver } from './mails/probation-over'
import { question } from './mails/question'
import { requested } from './mails/requested'
import { setPassword } from './mails/set-password'
import { setUpTest } from './mails/set-up-test'
import { unknownAddress } from './mails/unknown-address'
import { verification } from './mails/verification'

const ALL = {
  verification,
  known_address: knownAddress,
  unknown_address: unknownAddress,
  requested,
  approved,
  set_password: setPassword,
  probation_over: probationOver,
  denied,
  question,
  invitation,
  confirm_moderator: confirmModerator,
  moderators_waiting: moderatorsWaiting,
  moderators_outage: moderatorsOutage,
  moderators_auto_join: moderatorsAutoJoin,
  moderators_opening: moderatorsOpening,
  set_up_test: setUpTest,
}

type DataOf<W> = W extends Worded<infer D> ? D : never

/** Every email that this program writes, with the data for its text. */
export type Mail = DataOf<(typeof ALL)[keyof typeof ALL]>

/** The emails that are jobs of their own. */
export const JOB_MAILS: { [K in MailKind]: JobMail<K, Mail> } = ALL

const WORDED: Record<Mail['kind'], Worded<Mail>> = ALL

/** The text for an email. */
export const contentOf = (mail: Mail, locale: Language, site: { name: string; url: string }): Content =>
  WORDED[mail.kind].content(mail, wordingOf(locale, site))
