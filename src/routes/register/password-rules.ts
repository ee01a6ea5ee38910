import { PASSWORD_MINIMUM } from '$lib/registration/password'
import type { PasswordNeed } from '$lib/registration/refusal'
import { attempt } from '$lib/server/trpc/attempt'

interface Rules {
  minimum: number
  needs: PasswordNeed[]
}

/** What the page says of passwords. While the homeserver does not tell its own rules, ours: it is asked again at the submission. */
export async function passwordRules(api: App.Locals['api']): Promise<Rules> {
  const rules = await attempt(() => api.registration.passwordRules())
  return rules.ok ? rules.value : { minimum: PASSWORD_MINIMUM, needs: [] }
}
