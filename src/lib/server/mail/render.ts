import { render } from 'svelte/server'
import type { Language } from '$lib/registration/language'
import { accentTheme } from '../config/accent'
import { contentOf, type Content } from './content'
import Letter from './Letter.svelte'
import type { Mail, Site } from './mail'

const DOCTYPE = '<!doctype html>'
/** What Svelte leaves for a browser to take over, which no mail program does. */
const HYDRATION = /<!--(?:\[-?\d*!?|\]|[a-z\d]*)-->| on(?:load|error)="this\.__e=event"/g

/** Writes a mail in one language: subject without control characters, HTML without anything remote, text with each link once. */
export function renderMail(mail: Mail, language: Language, site: Site): { subject: string; html: string; text: string } {
  const content = contentOf(mail, language, site)
  const { accent, accentText } = accentTheme(site.accent)
  const { body } = render(Letter, { props: { content, language, site: { name: site.name, accent, accentText } } })
  return { subject: oneLine(content.subject), html: DOCTYPE + body.replace(HYDRATION, ''), text: textOf(content, site) }
}

function textOf({ heading, paragraphs, quote, action, after, footer }: Content, site: Site): string {
  const parts = [
    heading,
    ...paragraphs,
    ...(quote === undefined ? [] : [quote.split('\n').map((line) => `> ${line}`).join('\n')]),
    ...(action === undefined ? [] : [`${action.label}:\n${action.link}`]),
    ...after,
    `-- \n${site.name}\n${footer}`,
  ]
  return `${parts.join('\n\n')}\n`
}

/** A subject is one line: RFC 5322, 2.2. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}
