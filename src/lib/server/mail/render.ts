import { render } from 'svelte/server'
import { m } from '$lib/paraglide/messages'
import { directionOf, type Language } from '$lib/registration/language'
import { buttonColors } from '../text/accent'
import { shownLink, type Content } from './content'
import Letter from './Letter.svelte'
import type { Site } from './mail'
import { contentOf, type Mail } from './mails'
import { spansOf } from './spans'

const DOCTYPE = '<!doctype html>'
const FIRST_STRONG_ISOLATE = '\u2068'
const POP_ISOLATE = '\u2069'
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
    subject: isolated(content.subject, content, language),
    html: DOCTYPE + body.replace(HYDRATION, ''),
    text: textOf(content, language, site),
  }
}

/**
 * Text with its literals isolated from the words around them, which in a language read from the right change the order of
 * their parts (UAX 9, 2.4.1). `Letter.svelte` says it by `dir`.
 */
function isolated(
  text: string,
  { literals, english = '' }: Pick<Content, 'literals' | 'english'>,
  language: Language,
): string {
  if (directionOf(language) === 'ltr') return text
  return spansOf(text, [...literals, english])
    .map((span) => (span.literal ? `${FIRST_STRONG_ISOLATE}${span.text}${POP_ISOLATE}` : span.text))
    .join('')
}

/** The same text and links in the same order as `Letter.svelte`. */
function textOf(content: Content, locale: Language, site: Site): string {
  const { heading, paragraphs, list, quote, action, links = [], after, footer } = content
  const words = (text: string): string => isolated(text, content, locale)
  const labelled = (label: string): string => m.labelled({ label }, { locale })
  const parts = [
    site.name,
    heading,
    ...paragraphs.map(words),
    ...(list === undefined
      ? []
      : [list.map(({ text, ...entry }) => entryOf({ ...entry, text: words(text) })).join('\n')]),
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
    ...after.map(words),
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
