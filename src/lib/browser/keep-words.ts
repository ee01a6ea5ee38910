import { tabStorage } from './tab-storage'

const KEY = 'words-before-preferences'
const FIELDS = [
  'textarea[name]',
  'input[inputmode=email][name]',
  'input[data-check-username]',
  'input[name=invitation]:not([type=hidden])',
  'input[type=checkbox][name]',
]
  .map((field) => `main ${field}`)
  .join()

type Filled = HTMLInputElement | HTMLTextAreaElement

const isBox = (field: Filled): field is HTMLInputElement => field.type === 'checkbox'

const valueOf = (field: Filled): string => (isBox(field) ? String(field.checked) : field.value)

/** `kept`: null for a field that the page did not have before. */
function fill(field: Filled, kept: string | null): void {
  if (kept === null || kept === valueOf(field)) return
  if (isBox(field)) field.checked = kept === 'true'
  else field.value = kept
  const fold = field.closest('details')
  if (fold !== null) fold.open = true
}

/** The user that a page is for: text typed by one user never appears on another user's page. */
function whose(): string {
  const said = document.querySelectorAll<HTMLInputElement>('main input[name=shown], main input[name=chosen]')
  return [location.pathname, ...[...said].map(({ value }) => value)].join(' ')
}

/**
 * Changing language or theme reloads the page: until then, what was typed and ticked is kept in this tab for that one
 * reload. Passwords are not kept.
 */
export function keepWords(): void {
  const fields = () => document.querySelectorAll<Filled>(FIELDS)
  const kept = new URLSearchParams(tabStorage.take(KEY) ?? '')
  if (kept.get('whose') === whose()) for (const field of fields()) fill(field, kept.get(`field-${field.id}`))

  for (const form of document.querySelectorAll<HTMLFormElement>('form[action="/preferences"]'))
    form.addEventListener('submit', () => {
      const typed = [...fields()].map((field) => [`field-${field.id}`, valueOf(field)])
      tabStorage.keep(KEY, new URLSearchParams([['whose', whose()], ...typed]).toString())
    })
}
