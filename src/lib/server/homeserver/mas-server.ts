import * as v from 'valibot'
import { notFromIt, parseJson, wrongSetUp } from './answer-errors'
import { HomeserverError } from './homeserver'
import type { UpstreamProvider } from './inspection'
import type { MasCall } from './mas-call'

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
export function createMasServer({ server, send, grant }: MasCall) {
  return {
    /** Where its users sign in, which is also what names it (OpenID Connect Discovery 1.0, 4.2). Needs no token. */
    async issuer(task: string): Promise<string> {
      const headers = { accept: 'application/json' }
      const path = '/.well-known/openid-configuration'
      const answer = await send({ method: 'GET', path, headers }, task)
      const read = v.safeParse(v.object({ issuer: v.string() }), parseJson(answer.body))
      if (answer.status !== 200 || !read.success) throw notFromIt(task, server, answer)
      return read.output.issuer.slice(0, LONGEST_ISSUER)
    },

    /** Also whether the admin API answers there, and takes the client's token. */
    async version(task: string): Promise<string> {
      try {
        return (await grant(v.object({ version: v.string() }), 'GET', '/version', task)).version
      } catch (error) {
        if (!(error instanceof HomeserverError) || error.kind !== 'missing') throw error
        throw wrongSetUp(
          'set_up',
          `${server.origin} is MAS, but does not answer at /api/admin. Add the resource "adminapi" to the listener of mas.server in MAS's config.yaml (http.listeners), and let a proxy in front of it pass /api/admin on for this machine.`,
        )
      }
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
