import { tabStorage } from './tab-storage'

const KEY = 'words-before-preferences'
const FIELDS = 'main textarea[name], main input[inputmode=email][name], main input[data-check-username]'

/** The user that a page is for: text typed by one user never appears on another user's page. */
function whose(): string {
  const said = document.querySelectorAll<HTMLInputElement>('main input[name=shown], main input[name=chosen]')
  return [location.pathname, ...[...said].map(({ value }) => value)].join(' ')
}

/**
 * Changing language or theme reloads the page: until then, typed text is kept in this tab for that one reload.
 * Passwords are not kept.
 */
export function keepWords(): void {
  const fields = () => document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(FIELDS)
  const kept = new URLSearchParams(tabStorage.take(KEY) ?? '')
  if (kept.get('whose') === whose())
    for (const field of fields()) field.value = kept.get(`field-${field.id}`) ?? field.value

  for (const form of document.querySelectorAll<HTMLFormElement>('form[action="/preferences"]'))
    form.addEventListener('submit', () => {
      const typed = [...fields()].map((field) => [`field-${field.id}`, field.value])
      tabStorage.keep(KEY, new URLSearchParams([['whose', whose()], ...typed]).toString())
    })
}
