import { PASSWORD_MINIMUM, type PasswordRules } from '$lib/registration/password'
import { attempt } from '$lib/server/trpc/attempt'

/**
 * The password rules that the page shows. If the homeserver's own are unavailable, ours: it is asked again on
 * submission.
 */
export async function passwordRules(api: App.Locals['api']): Promise<PasswordRules> {
  const rules = await attempt(() => api.registration.passwordRules())
  return rules.ok ? rules.value : { minimum: PASSWORD_MINIMUM, needs: [], judged: false }
}
