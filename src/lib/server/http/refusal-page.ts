import { m } from '$lib/paraglide/messages'
import { bareAnswer, type BarePage, type Look } from './bare-page'
import type { Refused } from './request-guard'
import type { Language } from '$lib/registration/language'

/** Handles forms, and is no page. */
const PREFERENCES = '/preferences'

/** The response to what the guard refuses: what happened, what it means, and a link to continue. */
export function refusalPage(
  refused: Refused,
  { request, url, look, siteUrl }: { request: Request; url: URL; look: Look; siteUrl: string },
): Response {
  const here = url.pathname === PREFERENCES || url.pathname.startsWith('//') ? '/' : url.pathname
  return bareAnswer(request, { url, look }, (locale) => pageOf(refused, { locale, here, siteUrl }))
}

function pageOf(
  { status, why }: Refused,
  { locale, here, siteUrl }: { locale: Language; here: string; siteUrl: string },
): BarePage {
  const open = { href: here, text: m.error_open_page({}, { locale }) }
  switch (why) {
    case 'other_site':
      return {
        status,
        title: m.error_other_site_title({}, { locale }),
        words: m.error_other_site_words({}, { locale }),
        link: open,
        code: 'OTHER_SITE',
      }
    case 'unknown_host':
      return {
        status,
        title: m.error_unknown_host_title({}, { locale }),
        words: m.error_unknown_host_words({}, { locale }),
        link: {
          href: `${siteUrl}/`,
          text: m.error_unknown_host_open({ host: new URL(siteUrl).host }, { locale }),
        },
        code: 'UNKNOWN_HOST',
      }
    case 'long_path':
      return {
        status,
        title: m.error_414_title({}, { locale }),
        words: m.error_414_words({}, { locale }),
        link: { href: '/', text: m.error_home({}, { locale }) },
        code: 'URI_TOO_LONG',
      }
    case 'not_text':
      return {
        status,
        title: m.error_405_title({}, { locale }),
        words: m.error_not_text_words({}, { locale }),
        link: open,
        code: 'UNSUPPORTED_MEDIA_TYPE',
      }
    case 'no_action':
      return {
        status,
        title: m.error_405_title({}, { locale }),
        words: m.error_405_words({}, { locale }),
        link: open,
        code: 'NOT_FOUND',
      }
    case 'method':
    case 'not_json':
    case 'batch':
      // Only programs get here.
      return { status, title: String(status), words: API_WORDS[why], link: null, code: why.toUpperCase() }
  }
}

const API_WORDS = {
  method: 'Only GET and POST are allowed.',
  not_json: 'Send application/json.',
  batch: 'One call per request.',
}
