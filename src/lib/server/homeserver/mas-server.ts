import * as v from 'valibot'
import type { UpstreamProvider } from './inspection'
import type { MasCall } from './mas-call'
import { issuerIn } from './mas-resources'

const LONGEST_ISSUER = 200

const siteConfigSchema = v.pipe(
  v.object({
    server_name: v.string(),
    password_login_enabled: v.boolean(),
    password_registration_enabled: v.boolean(),
    password_registration_token_required: v.optional(v.boolean(), false),
    registration_token_required: v.optional(v.boolean(), false),
    minimum_password_complexity: v.number(),
  }),
  v.transform((site) => ({
    serverName: site.server_name,
    passwordLogin: site.password_login_enabled,
    /** Whether people can register at MAS itself: without anybody's consent, or with a token. */
    registration: !site.password_registration_enabled
      ? ('closed' as const)
      : site.registration_token_required || site.password_registration_token_required
        ? ('token' as const)
        : ('open' as const),
    /** 0 to 4, as zxcvbn rates passwords. */
    minimumScore: site.minimum_password_complexity,
  })),
)
const providersSchema = v.object({
  data: v.array(
    v.object({
      id: v.string(),
      attributes: v.object({
        human_name: v.nullish(v.string(), null),
        issuer: v.nullish(v.string(), null),
        disabled_at: v.nullish(v.string(), null),
        registration_token_required: v.optional(v.boolean(), false),
      }),
    }),
  ),
})

/** What MAS says of itself. */
export function createMasServer({ send, grant, absent }: MasCall) {
  return {
    /** Where its users sign in, which is also what names it (OpenID Connect Discovery 1.0, 4.2). Needs no token. */
    async issuer(task: string): Promise<string> {
      const headers = { accept: 'application/json' }
      const path = '/.well-known/openid-configuration'
      const answer = await send({ method: 'GET', path, headers }, task)
      const issuer = issuerIn(answer)
      if (issuer === null) throw await absent('discovery', task, answer)
      return issuer.slice(0, LONGEST_ISSUER)
    },

    /** Also whether the admin API answers there, and takes the client's token. */
    async version(task: string): Promise<string> {
      return (await grant(v.object({ version: v.string() }), 'GET', '/version', task)).version
    },

    siteConfig: (task: string) => grant(siteConfigSchema, 'GET', '/site-config', task),

    /** The providers for single sign-on that are not disabled. */
    async upstreamProviders(task: string): Promise<UpstreamProvider[]> {
      const path = '/upstream-oauth-providers?page[first]=100&count=false'
      const { data } = await grant(providersSchema, 'GET', encodeURI(path), task)
      return data
        .filter(({ attributes }) => attributes.disabled_at === null)
        .map(({ id, attributes }) => ({
          name: attributes.human_name ?? attributes.issuer ?? id,
          registers: !attributes.registration_token_required,
        }))
    },
  }
}
