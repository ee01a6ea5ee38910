import { PASSWORD_MINIMUM } from '$lib/registration/password'
import type { PasswordNeed } from '$lib/registration/refusal'
import { attempt } from '$lib/server/trpc/attempt'

interface Rules {
  minimum: number
  needs: PasswordNeed[]
}

/**
 * The password rules that the page shows. If the homeserver's own are unavailable, ours: it is asked again on
 * submission.
 */
export async function passwordRules(api: App.Locals['api']): Promise<Rules> {
  const rules = await attempt(() => api.registration.passwordRules())
  return rules.ok ? rules.value : { minimum: PASSWORD_MINIMUM, needs: [] }
}
