import type { Attachment } from 'svelte/attachments'

/**
 * For a field with `autofocus` because of an error: it has the focus once, when the error appears. Svelte leaves the
 * attribute when the error goes, and SvelteKit would lead there after each form and link of the page.
 */
export const autofocusOnce =
  (error: string | undefined): Attachment<HTMLElement> =>
  (field) => {
    if (error) field.removeAttribute('autofocus')
  }
