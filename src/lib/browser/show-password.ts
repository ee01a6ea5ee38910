import { m } from '$lib/paraglide/messages'

/** A button in each new password's frame that shows and hides it. */
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
    // Browsers offer to keep what stands in a password field: it has to be one again when it is sent.
    field.form?.addEventListener('submit', () => show(false), { capture: true })
    show(false)
    field.after(button)
  }
}
