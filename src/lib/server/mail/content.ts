import { m } from '$lib/paraglide/messages'
import type { Language } from '$lib/registration/language'
import type { SupportView } from '$lib/registration/views'

/** The text of one email, in one language, as plain text: `Letter.svelte` and the text part show the same. */
export interface Content {
  subject: string
  heading: string
  /** Read from the left in each language, and set in monospace, wherever it occurs: Matrix IDs and addresses. */
  literals: string[]
  paragraphs: string[]
  /** One of the paragraphs, if it is English in each language: what a server said. */
  english?: string
  /** Set in monospace, one per line; `link`: its target. */
  list?: { text: string; link?: string }[]
  /** A moderator's own message, with its line breaks. */
  quote?: string
  action?: { label: string; link: string }
  /** Further places to go to, after the action: each with one link, or several of a kind. */
  links?: { label: string; links: string[] }[]
  after: string[]
  /** Why the recipient got this email. */
  footer: string
  /** A link within the footer. */
  footerLink?: string
}

/** What the text of every email depends on, besides its own data. */
export interface Wording {
  in_: { locale: Language }
  /** The site's name, and its host. */
  site: string
  host: string
  /** The footers of emails to applicants, and to the addresses in the configuration. */
  applicant: string
  moderator: string
}

export function wordingOf(locale: Language, { name: site, url }: { name: string; url: string }): Wording {
  const in_ = { locale }
  const { host } = new URL(url)
  const applicant = m.mail_footer_applicant({ site, host }, in_)
  return { in_, site, host, applicant, moderator: m.mail_footer_moderator({ host }, in_) }
}

/** Where people get help, if there is such a place. */
export const supportLink = (support: SupportView | null, label: string) =>
  support === null ? [] : [{ label, links: [support.url] }]

/** What a reader sees of a link: where it leads, or the address that it writes to. */
export const shownLink = (link: string): string => link.replace(/^mailto:/, '')

/** A moderator's message as a quote, if there is one, and the paragraph that introduces it. */
export const quoted = (message: string | null) => (message === null ? {} : { quote: message })
export const introduced = (message: string | null, { in_ }: Pick<Wording, 'in_'>) =>
  message === null ? [] : [m.mail_message_intro({}, in_)]
