import { m } from '$lib/paraglide/messages'
import { plainLines, visibleLength } from '$lib/registration/text-length'

/**
 * Holds a form back while a field has more characters than `maximum`, as people see them. The attribute `maxlength` counts
 * code units, and would cut an emoji of a family in eleven.
 */
export const limitLength =
  (maximum: number) =>
  ({ currentTarget: field }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }): void => {
    const length = visibleLength(plainLines(field.value))
    field.setCustomValidity(length > maximum ? m.refusal_text_too_long({ maximum, length }) : '')
  }
