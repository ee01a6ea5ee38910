import { PREVIEWS } from '$lib/moderation/preview'
import { textOf } from '$lib/server/http/form-fields'

/** Which email a form asks to preview: that of `action`, with `text` in it. */
export function readPreview(form: FormData) {
  const typed = textOf(form, 'preview')
  const action = PREVIEWS.find((one) => one === typed) ?? 'approve'
  const text = action === 'ask' ? textOf(form, 'text') : textOf(form, 'message')
  return { action, text, silent: textOf(form, 'silent') !== '' }
}
