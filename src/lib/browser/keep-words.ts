const KEY = 'words-before-preferences'
const FIELDS = 'main textarea[name], main input[inputmode=email][name], main input[data-check-username]'

/**
 * Another language or theme loads the page anew: what was typed until then waits in this tab alone, for that one
 * load. Passwords are not kept.
 */
export function keepWords(): void {
  const fields = () => document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(FIELDS)
  const kept = new URLSearchParams(sessionStorage.getItem(KEY) ?? '')
  sessionStorage.removeItem(KEY)
  if (kept.get('path') === location.pathname)
    for (const field of fields()) field.value = kept.get(`field-${field.id}`) ?? field.value

  for (const form of document.querySelectorAll<HTMLFormElement>('form[action="/preferences"]'))
    form.addEventListener('submit', () => {
      const typed = [...fields()].map((field) => [`field-${field.id}`, field.value])
      sessionStorage.setItem(KEY, new URLSearchParams([['path', location.pathname], ...typed]).toString())
    })
}
