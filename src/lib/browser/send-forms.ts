import { m } from '$lib/paraglide/messages'
import { proved } from './prove'

const BUSY = 'aria-disabled'

/**
 * Sends the forms in `<main>` without leaving the page, as long as the answer is the same page with something to
 * correct, or with what stands there instead (`data-instead`): one press sends once, what was typed stays, the focus goes to the first problem, and a lost connection is
 * told in words. `onReplaced` is called when a new `<main>` stands there.
 */
export function sendForms(onReplaced: () => void): void {
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (!(form instanceof HTMLFormElement) || form.method !== 'post' || form.closest('main') === null) return
    event.preventDefault()
    const button = event.submitter
    if (form.querySelector(`[${BUSY}="true"]`) === null) void send(form, button, onReplaced)
  })
  // Back from the next page, the browser may show this one as it was left: with its button pressed.
  window.addEventListener('pageshow', () => {
    for (const button of document.querySelectorAll(`main [${BUSY}="true"]`)) button.removeAttribute(BUSY)
  })
}

async function send(
  form: HTMLFormElement,
  button: HTMLElement | null,
  onReplaced: () => void,
): Promise<void> {
  const pending = form.querySelector('[data-pending]')
  button?.setAttribute(BUSY, 'true')
  await proved(form)
  if (pending !== null) pending.textContent = m.site_pending()
  const fields = new URLSearchParams()
  for (const [name, value] of new FormData(form, button))
    if (typeof value === 'string') fields.append(name, value)
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      body: fields,
      headers: { accept: 'text/html' },
    })
    if (response.redirected) {
      location.assign(response.url)
      return
    }
    const answer = new DOMParser().parseFromString(await response.text(), 'text/html')
    if (answer.querySelector('main form, main [data-instead]') === null) tell(form, m.site_lost_server())
    else {
      replaceMain(answer)
      onReplaced()
    }
  } catch {
    // The network failed on the way: everything typed still stands in the form.
    tell(form, m.site_lost_connection())
  }
  button?.removeAttribute(BUSY)
  if (pending !== null) pending.textContent = ''
}

/** Whom a page is for. */
const shownIn = (main: Element): string | undefined =>
  main.querySelector<HTMLInputElement>('input[name=shown]')?.value

/**
 * Puts the answer's `<main>` in place. A password that was not refused stays, for the same person: the server never
 * sends one back.
 */
function replaceMain(answer: Document): void {
  const main = document.querySelector('main')
  const next = answer.querySelector('main')
  if (main === null || next === null) return
  const typed = main.querySelector<HTMLInputElement>('input[name=password]')?.value ?? ''
  const password = shownIn(main) === shownIn(next) ? typed : ''
  main.replaceChildren(...next.childNodes)
  document.title = answer.title
  const field = main.querySelector<HTMLInputElement>('input[name=password]:not([aria-invalid=true])')
  if (field !== null) field.value = password
  main.querySelector<HTMLElement>('[autofocus]')?.focus()
}

/** Says above the form why nothing came of it. */
function tell(form: HTMLFormElement, words: string): void {
  form.querySelector('[data-lost]')?.remove()
  const notice = document.createElement('div')
  notice.className = 'notice bad'
  notice.setAttribute('role', 'alert')
  notice.dataset['lost'] = ''
  notice.tabIndex = -1
  const text = document.createElement('div')
  const title = document.createElement('p')
  title.className = 'font-semibold'
  title.textContent = m.site_lost_title()
  const more = document.createElement('p')
  more.textContent = words
  text.append(title, more)
  notice.append(text)
  form.prepend(notice)
  notice.focus()
}
