import { m } from '$lib/paraglide/messages'

/** Adds a button to each new password's field that shows and hides it. */
export function showPassword(): void {
  for (const field of document.querySelectorAll<HTMLInputElement>('input[data-new-password]')) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'field-end'
    button.setAttribute('aria-controls', field.id)
    const show = (shown: boolean) => {
      field.type = shown ? 'text' : 'password'
      field.classList.toggle('mono', shown)
      button.textContent = shown ? m.wizard_password_hide() : m.wizard_password_show()
    }
    button.addEventListener('click', () => show(field.type === 'password'))
    // Browsers offer to save passwords: the field must be a password field again when it is submitted.
    field.form?.addEventListener('submit', () => show(false), { capture: true })
    show(false)
    field.after(button)
  }
}
