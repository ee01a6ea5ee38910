import { m } from '$lib/paraglide/messages'
import { bareAnswer, type Look } from './bare-page'

/** When whoever is sent away may come again. */
const RETRY_AFTER_SECONDS = 5

/** The answer where too many come at once: 503 in words. It needs nothing of what the others wait for. */
export function sentAway({ request, url, look }: { request: Request; url: URL; look?: Look }): Response {
  const answer = bareAnswer(request, { url, look }, (locale) => ({
    status: 503,
    title: m.error_busy_title({}, { locale }),
    words: m.error_busy_words({}, { locale }),
    // A form that was sent is sent once more from the page before, where everything typed still stands.
    link: request.method === 'GET' ? { href: '', text: m.error_busy_again({}, { locale }) } : null,
    code: 'TOO_BUSY',
  }))
  answer.headers.set('retry-after', String(RETRY_AFTER_SECONDS))
  return answer
}
