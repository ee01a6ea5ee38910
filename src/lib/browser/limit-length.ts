import { m } from '$lib/paraglide/messages'
import { plainLines, visibleLength } from '$lib/registration/text-length'

/**
 * Blocks submitting while a field has more than `maximum` characters, as people see them. The attribute `maxlength`
 * counts code units, and would split a family emoji into eleven.
 */
export const limitLength =
  (maximum: number) =>
  ({ currentTarget: field }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }): void => {
    const length = visibleLength(plainLines(field.value))
    field.setCustomValidity(length > maximum ? m.refusal_text_too_long({ maximum, length }) : '')
  }
