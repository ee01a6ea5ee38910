import { render } from 'svelte/server'
import type { Language } from '$lib/registration/language'
import { accentTheme } from '../config/accent'
import { contentOf, type Content } from './content'
import Letter from './Letter.svelte'
import type { Mail, Site } from './mail'

const DOCTYPE = '<!doctype html>'
/** What Svelte leaves for a browser to take over, which no mail program does. */
const HYDRATION = /<!--(?:\[-?\d*!?|\]|[a-z\d]*)-->| on(?:load|error)="this\.__e=event"/g
/** svelte-email's Preview fills up to 150 UTF-16 units with blanks, and throws over that. */
const PREVIEW_LENGTH = 140

/**
 * Writes a mail in one language: a subject without control characters, HTML that loads nothing, and text with each link once.
 */
export function renderMail(
  mail: Mail,
  language: Language,
  site: Site,
): { subject: string; html: string; text: string } {
  const content = clean(contentOf(mail, language, site))
  const { accent, accentText } = accentTheme(site.accent)
  const { body } = render(Letter, {
    props: {
      content,
      preview: shorten(content.paragraphs[0] ?? content.list?.join(', ') ?? content.heading),
      language,
      site: { name: site.name, initial: initialOf(site.name, language), accent, accentText },
    },
  })
  return {
    subject: content.subject,
    html: DOCTYPE + body.replace(HYDRATION, ''),
    text: textOf(content, site),
  }
}

function textOf({ heading, paragraphs, list, quote, action, after, footer }: Content, site: Site): string {
  const parts = [
    heading,
    ...paragraphs,
    ...(list === undefined ? [] : [marked(list, '- ')]),
    ...(quote === undefined ? [] : [marked(quote.split('\n'), '> ')]),
    ...(action === undefined ? [] : [`${action.label}:\n${action.link}`]),
    ...after,
    `-- \n${site.name}\n${footer}`,
  ]
  return `${parts.join('\n\n')}\n`
}

const marked = (lines: string[], mark: string) => lines.map((line) => (mark + line).trimEnd()).join('\n')

/** A subject is one line (RFC 5322, 2.2), and a quote has no line ends but its own. */
function clean(content: Content): Content {
  const subject = content.subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const quote = content.quote
    ?.replace(/\r\n?|[\p{Zl}\p{Zp}]/gu, '\n')
    .replace(/(?![\n\t])\p{Cc}/gu, '')
    .trim()
  return { ...content, subject, ...(quote === undefined ? {} : { quote }) }
}

/** Cuts between characters: half of a surrogate pair would be shown as a broken one. */
function shorten(text: string): string {
  if (text.length <= PREVIEW_LENGTH) return text
  return `${text.slice(0, PREVIEW_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

function initialOf(name: string, language: Language): string {
  const [first] = new Intl.Segmenter(language).segment(name.trim())
  return (first?.segment ?? '').toLocaleUpperCase(language)
}
