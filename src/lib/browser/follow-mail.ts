import { whenReleased } from './when-released'

const FIRST_MS = 1000
const LONGEST_MS = 30_000

/**
 * While a page reports an email that has not been sent yet, reloads the page at growing intervals while it is
 * visible, and shows what is known by then: it was sent, or the address needs correcting. Text that the user has
 * typed stays.
 */
export function followMail(wait = FIRST_MS): void {
  const news = document.querySelector('[data-mail-news][data-follow]')
  if (news === null) return
  setTimeout(() => void look(news, wait), wait)
}

async function look(news: Element, wait: number): Promise<void> {
  // Another response may have replaced the page: that one is followed separately.
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
    // Briefly offline: the next attempt may get through.
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
