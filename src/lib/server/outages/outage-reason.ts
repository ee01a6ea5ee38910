import { HomeserverError, withoutMatrixIds } from '../homeserver/homeserver'
import { withoutAddresses } from '../logging/log'
import type { MailError } from '../mail/mail'
import { withoutRecipients } from '../mail/smtp-error'

/**
 * Why a server is unavailable, for the log and for all moderators: whoever's call or email failed is not named. `to`:
 * the recipients of that email, whom a mail server may name in any way.
 */
export function reasonOf(error: HomeserverError | MailError, to: readonly string[] = []): string {
  const reason = cleanReason(error instanceof HomeserverError ? error.why : error.message)
  return withoutRecipients(reason, to)
}

/** A stored reason, which an older version took over as it was. */
export function cleanReason(text: string): string {
  const why = withoutMatrixIds(withoutAddresses(text.replace(TASK, '')))
  return why.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase()).replace(/\.$/, '')
}

/** What was to be done, and so for whom. */
const TASK = /^Could not .*?: /s
