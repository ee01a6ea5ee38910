import { whenReleased } from './when-released'

const FIRST_MS = 1000
const LONGEST_MS = 30_000

/**
 * Where a page tells of a mail that is not out yet, asks for the page anew, at growing intervals and while somebody sees
 * it, and puts in what is known by then: the mail was sent, or its address is to be corrected right there. What somebody
 * types meanwhile stays.
 */
export function followMail(wait = FIRST_MS): void {
  const news = document.querySelector('[data-mail-news][data-follow]')
  if (news === null) return
  setTimeout(() => void look(news, wait), wait)
}

async function look(news: Element, wait: number): Promise<void> {
  // Another answer may have taken the page's place: that one is followed by itself.
  if (!news.isConnected) return
  if (!document.hidden) await ask(news)
  followMail(Math.min(wait * 2, LONGEST_MS))
}

async function ask(news: Element): Promise<void> {
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (!response.ok) return
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    const now = page.querySelector('[data-mail-news]')
    if (now === null || !news.isConnected) return
    if (now.getAttribute('data-mail-news') === news.getAttribute('data-mail-news')) return
    whenReleased(news, () => putIn(news, now, page.title))
  } catch {
    // Offline for a moment: the next look may get through.
  }
}

function putIn(news: Element, now: Element, title: string): void {
  for (const name of ['data-mail-news', 'data-follow']) {
    const value = now.getAttribute(name)
    if (value === null) news.removeAttribute(name)
    else news.setAttribute(name, value)
  }
  news.replaceChildren(...now.childNodes)
  document.title = title
  const correct = document.querySelector<HTMLDetailsElement>('details[data-mail-correct]')
  if (correct !== null && now.getAttribute('data-mail-news') === 'refused') correct.open = true
}
