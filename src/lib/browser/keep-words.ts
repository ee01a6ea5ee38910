import { tabStorage } from './tab-storage'

const KEY = 'words-before-preferences'
const FIELDS = 'main textarea[name], main input[inputmode=email][name], main input[data-check-username]'

/** Whom a page is for: words that were typed for one person stand on nobody else's page. */
function whose(): string {
  const said = document.querySelectorAll<HTMLInputElement>('main input[name=shown], main input[name=chosen]')
  return [location.pathname, ...[...said].map(({ value }) => value)].join(' ')
}

/**
 * Another language or theme loads the page anew: what was typed until then waits in this tab alone, for that one
 * load. Passwords are not kept.
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
