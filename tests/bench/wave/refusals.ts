import type { Answer } from '../../support/visitor'

/** What a page says that does not let somebody on. */
const WORDS = {
  closed: /Registration is closed/,
  outdated: /This form has to be sent once more/,
  mails: /We have already sent too many emails/,
  unproved: /Only a few people at a time can continue without JavaScript/,
  tries: /Too many attempts|Wait a while, then try again/,
}
export type Refusal = keyof typeof WORDS | 'busy' | 'cut' | 'no_mail'

/** `seconds`: when the page says to come again; null where it says tomorrow, or nothing. */
export interface Refused {
  refusal: Refusal
  seconds: number | null
}

/** What a page refuses; null where it goes on. Throws where it says something that nobody thought of. */
export function refusedBy({ status, headers, body }: Answer): Refused | null {
  const main = /<main[\s>][\s\S]*<\/main>/.exec(body)?.[0] ?? body
  const text = main.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
  if (status === 503) return { refusal: 'busy', seconds: Number(headers['retry-after'] ?? 5) }
  if (WORDS.closed.test(text)) return { refusal: 'closed', seconds: null }
  if (status < 400) return null
  const minutes = /in (\d+) min/.exec(text)?.[1]
  for (const refusal of ['outdated', 'mails', 'unproved', 'tries'] as const)
    if (WORDS[refusal].test(text))
      return { refusal, seconds: secondsOf(refusal, minutes === undefined ? null : Number(minutes)) }
  throw new Error(`A page with ${status} says: ${text.slice(0, 600)}`)
}

function secondsOf(refusal: Refusal, minutes: number | null): number | null {
  if (minutes !== null) return minutes * 60
  if (refusal === 'outdated') return 0
  // The page of a link says "a while": people try a minute.
  return refusal === 'tries' ? 60 : null
}
