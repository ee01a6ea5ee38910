import { m } from '$lib/paraglide/messages'
import { proved } from './prove'

const BUSY = 'aria-disabled'

/**
 * Submits the forms in `<main>` without leaving the page, as long as the response is the same page with errors, or
 * its replacement (`data-instead`): one press submits once, typed text stays, the first problem gets the focus, and a
 * lost connection is reported. `onReplaced` is called when a new `<main>` is in place.
 */
export function sendForms(onReplaced: () => void): void {
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (!(form instanceof HTMLFormElement) || form.method !== 'post' || form.closest('main') === null) return
    event.preventDefault()
    const button = event.submitter
    if (form.querySelector(`[${BUSY}="true"]`) === null) void send(form, button, onReplaced)
  })
  // When the user goes back, the browser may restore the page as it was left, with its button pressed.
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
    // The network failed: everything typed is still in the form.
    tell(form, m.site_lost_connection())
  }
  button?.removeAttribute(BUSY)
  if (pending !== null) pending.textContent = ''
}

/** The user that a page is for. */
const shownIn = (main: Element): string | undefined =>
  main.querySelector<HTMLInputElement>('input[name=shown]')?.value

/**
 * Replaces `<main>` with that of the response. A password that was not rejected stays, for the same user: the server
 * never sends one back.
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

/** Explains above the form why it failed. */
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
