import { isUsernameRefusal, usernameRefusalText } from '$lib/text/username-refusal-text'
import { m } from '$lib/paraglide/messages'
import { trimInvisible } from '$lib/registration/typed-text'
import { trpc } from '$lib/trpc'
import { whenReleased } from './when-released'

const DEBOUNCE_MS = 300
const LOOKS = {
  checking: 'field-hint',
  free: 'field-good',
  refused: 'field-error',
  unknown: 'field-hint',
} as const
type Kind = keyof typeof LOOKS

/** While a username is typed, shows whether it is available and the resulting Matrix ID. */
export function checkUsername(): void {
  const field = document.querySelector<HTMLInputElement>('input[data-check-username]')
  const live = document.getElementById(`${field?.id ?? ''}-live`)
  if (field === null || live === null) return
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking: AbortController | undefined

  const say = (kind: Kind, words: string) => {
    const line = document.createElement('p')
    line.className = LOOKS[kind]
    line.textContent = words
    whenReleased(live, () => live.replaceChildren(line))
    if (kind === 'refused') field.setAttribute('aria-invalid', 'true')
  }

  /** Drop an answer for text that has changed since. */
  const check = async (username: string) => {
    const { signal } = (asking = new AbortController())
    say('checking', m.wizard_name_checking({ name: trimInvisible(username) }))
    try {
      const found = await trpc.registration.checkUsername.query({ username, typing: true }, { signal })
      if (signal.aborted) return
      if (found.ok) say('free', m.wizard_name_free({ matrixId: found.matrixId }))
      else if (found.refusal.code === 'username_own') say('unknown', usernameRefusalText(found.refusal))
      else if (isUsernameRefusal(found.refusal)) say('refused', usernameRefusalText(found.refusal))
      else say('unknown', m.wizard_name_unknown())
    } catch {
      // No connection, or the homeserver is unavailable: the form checks again when it is submitted.
      if (!signal.aborted) say('unknown', m.wizard_name_unknown())
    }
  }

  field.addEventListener('input', () => {
    clearTimeout(timer)
    asking?.abort()
    live.replaceChildren()
    document.getElementById(`${field.id}-error`)?.remove()
    field.removeAttribute('aria-invalid')
    const username = field.value
    if (trimInvisible(username) !== '') timer = setTimeout(() => void check(username), DEBOUNCE_MS)
  })
}
