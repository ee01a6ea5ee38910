import { render } from 'svelte/server'
import { m } from '$lib/paraglide/messages'
import type { Language } from '$lib/registration/language'
import { buttonColors } from '../text/accent'
import { shownLink, type Content } from './content'
import Letter from './Letter.svelte'
import type { Site } from './mail'
import { contentOf, type Mail } from './mails'

const DOCTYPE = '<!doctype html>'
/** Svelte's hydration markers, which no mail program needs. */
const HYDRATION = /<!--(?:\[-?\d*!?|\]|[a-z\d]*)-->| on(?:load|error)="this\.__e=event"/g

/**
 * Renders an email in one language: a subject without control characters, HTML that loads nothing, and text with each
 * link once.
 */
export function renderMail(
  mail: Mail,
  language: Language,
  site: Site,
): { subject: string; html: string; text: string } {
  const content = clean(contentOf(mail, language, site))
  const { accent, accentText } = buttonColors(site.accent)
  const { body } = render(Letter, {
    props: {
      content,
      language,
      site: { name: site.name, accent, accentText },
    },
  })
  return {
    subject: content.subject,
    html: DOCTYPE + body.replace(HYDRATION, ''),
    text: textOf(content, language, site),
  }
}

/** The same text and links in the same order as `Letter.svelte`. */
function textOf(
  { heading, paragraphs, list, quote, action, links = [], after, footer }: Content,
  locale: Language,
  site: Site,
): string {
  const labelled = (label: string): string => m.labelled({ label }, { locale })
  const parts = [
    site.name,
    heading,
    ...paragraphs,
    ...(list === undefined ? [] : [list.map(entryOf).join('\n')]),
    ...(quote === undefined
      ? []
      : [
          quote
            .split('\n')
            .map((line) => `> ${line}`.trimEnd())
            .join('\n'),
        ]),
    ...(action === undefined ? [] : [`${labelled(action.label)}\n${action.link}`]),
    ...links.map(({ label, links }) => [labelled(label), ...links.map(shownLink)].join('\n')),
    ...after,
    `-- \n${footer}`,
  ]
  return `${parts.join('\n\n')}\n`
}

const entryOf = ({ text, link }: { text: string; link?: string }): string =>
  link === undefined ? `- ${text}` : `- ${text}\n  ${link}`

/** A subject is one line (RFC 5322, 2.2), and a quote has only its own line breaks. */
function clean(content: Content): Content {
  const subject = content.subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const quote = content.quote
    ?.replace(/\r\n?|[\p{Zl}\p{Zp}]/gu, '\n')
    .replace(/(?![\n\t])\p{Cc}/gu, '')
    .trim()
  return { ...content, subject, ...(quote === undefined ? {} : { quote }) }
}
