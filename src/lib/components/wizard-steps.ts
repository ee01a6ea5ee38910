import { m } from '$lib/paraglide/messages'
import type { SiteView } from '$lib/registration/views'

/** The registration steps in order, in words. */
export function wizardSteps(passwordMode: SiteView['passwordMode']): { title: string; hint: string }[] {
  const withPassword = passwordMode === 'at_request'
  return [
    { title: m.wizard_step_name(), hint: m.wizard_step_name_hint() },
    { title: m.wizard_step_email(), hint: m.wizard_step_email_hint() },
    {
      title: withPassword ? m.wizard_step_account() : m.wizard_step_words(),
      hint: m.wizard_step_account_hint(),
    },
    {
      title: m.wizard_step_review(),
      hint: withPassword ? m.wizard_step_review_hint() : m.wizard_step_review_password(),
    },
  ]
}
