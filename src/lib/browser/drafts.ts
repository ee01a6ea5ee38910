import type { Attachment } from 'svelte/attachments'
import { tabStorage } from './tab-storage'

type Field = HTMLTextAreaElement | HTMLSelectElement | HTMLInputElement

const startOf = (moderatorId: string) => `draft ${moderatorId} `

/** What one moderator began to write about one registration, by the name of each field. */
export interface Drafts {
  /** For a field: its text is kept in this tab with every change, and restored whenever the field is shown again. */
  keep(name: string): Attachment<Field>
  /** What is kept of a field that is not shown; empty if nothing is. */
  textOf(name: string): string
  /**
   * The server answered a form with a redirect to `location`: these fields were sent, unless it leads away because
   * the session has ended (`require-moderator.ts`). Returns whether they were.
   */
  answered(location: string, names: string[]): boolean
}

export function draftsOf(moderatorId: string, registrationId: string): Drafts {
  const keyOf = (name: string) => `${startOf(moderatorId)}${registrationId} ${name}`
  return {
    keep: (name) => (field) => {
      const key = keyOf(name)
      const kept = tabStorage.look(key)
      if (kept !== null && kept !== textOf(field)) restore(field, kept)
      const put = () => {
        const text = textOf(field)
        if (text === '') tabStorage.take(key)
        else tabStorage.keep(key, text)
      }
      // Both: a select and a box change without input in some browsers.
      field.addEventListener('input', put)
      field.addEventListener('change', put)
      return () => {
        field.removeEventListener('input', put)
        field.removeEventListener('change', put)
      }
    },
    textOf: (name) => tabStorage.look(keyOf(name)) ?? '',
    answered(location, names) {
      if (/^\/admin\/(?:login|account)\b/.test(location)) return false
      const keys = names.map(keyOf)
      tabStorage.forget((key) => keys.includes(key))
      return true
    },
  }
}

/** Deletes the drafts in this tab, except this moderator's: several people may use one browser. */
export function forgetDrafts({ except }: { except: string | null }): void {
  tabStorage.forget(
    (key) => key.startsWith('draft ') && !(except !== null && key.startsWith(startOf(except))),
  )
}

const isBox = (field: Field): field is HTMLInputElement =>
  field instanceof HTMLInputElement && field.type === 'checkbox'

function textOf(field: Field): string {
  if (isBox(field)) return field.checked ? 'on' : ''
  return field.value
}

function restore(field: Field, text: string): void {
  if (isBox(field)) field.checked = text === 'on'
  else field.value = text
  for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }))
}
