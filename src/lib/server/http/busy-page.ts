import { m } from '$lib/paraglide/messages'
import { bareAnswer, type Look } from './bare-page'

/** When those turned away may try again. */
const RETRY_AFTER_SECONDS = 5

/** The response under overload: 503 with a readable page. It needs nothing that the others wait for. */
export function busyPage({ request, url, look }: { request: Request; url: URL; look?: Look }): Response {
  const answer = bareAnswer(request, { url, look }, (locale) => ({
    status: 503,
    title: m.error_busy_title({}, { locale }),
    words: m.error_busy_words({}, { locale }),
    // A submitted form is sent again from the previous page, where everything typed is still there.
    link: request.method === 'GET' ? { href: '', text: m.error_busy_again({}, { locale }) } : null,
    code: 'TOO_BUSY',
  }))
  answer.headers.set('retry-after', String(RETRY_AFTER_SECONDS))
  return answer
}
