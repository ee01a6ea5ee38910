import { createHmac } from 'node:crypto'
import { matrixId, type Username } from '$lib/registration/username'
import type { ConsentProblem, Homeserver } from './homeserver'
import type { SynapseCall } from './synapse-call'
import { createSynapseUsers } from './synapse-users'
import { missing, refused } from './answer-errors'

const PATH = '/_matrix/consent'

/**
 * Consent through Synapse's own form (`consent_resource.py`, 1.160). Its POST records any version; the required one
 * is only in its configuration, and on the page that it shows without `v`.
 */
export function createSynapseConsent(
  synapse: SynapseCall,
  {
    domain,
    formSecret,
    whoAmI,
  }: {
    domain: string
    formSecret: string | undefined
    whoAmI: () => Promise<{ userId: string }>
  },
): Pick<Homeserver, 'consent' | 'consentProblem'> {
  const { send } = synapse
  const { find } = createSynapseUsers(synapse, domain)
  const hashOf = (user: string, secret: string) => createHmac('sha256', secret).update(user).digest('hex')

  async function look(user: string, secret: string, version: string | null, task: string) {
    const query = new URLSearchParams({
      u: user,
      h: hashOf(user, secret),
      ...(version === null ? {} : { v: version }),
    })
    return send(
      { method: 'GET', path: `${PATH}?${query.toString()}`, headers: { accept: 'text/html' } },
      task,
    )
  }

  /** Judged by the pages that Synapse shows to this user: that of a version, and that of the required one. */
  async function problem(user: string, version: string, task: string): Promise<ConsentProblem | null> {
    if (formSecret === undefined) return { code: 'secret', why: 'form_secret is not set' }
    const own = await look(user, formSecret, version, task)
    if (own.status === 403)
      return {
        code: 'secret',
        why: "form_secret is wrong (Synapse answered 403); set it to Synapse's form_secret",
      }
    const asked = await look(user, formSecret, null, task)
    if (asked.status === 404 || asked.status === 400)
      return {
        code: 'none',
        why: `Synapse serves no policy (${asked.status}): it needs a user_consent section and the resource "consent"; add both there, or remove consent_version`,
      }
    if (own.status === 404)
      return {
        code: 'unknown',
        why: `Synapse has no policy version ${JSON.stringify(version)}; set consent_version to its user_consent.version`,
      }
    if (own.status !== 200 || asked.status !== 200)
      return {
        code: 'none',
        why: `Synapse does not serve its policy (${own.status}, ${asked.status}); check its user_consent section`,
      }
    if (own.body !== asked.body)
      return {
        code: 'other',
        why: `Synapse requires another policy version than ${JSON.stringify(version)}; set consent_version to its user_consent.version`,
      }
    return null
  }

  return {
    async consent(username: Username, version: string) {
      const task = `record the consent of ${matrixId(username, domain)}`
      if (formSecret === undefined) throw refused(task, 'form_secret is not set')
      if ((await find(username, task)) === null)
        throw missing(task, 'there is no such account on the homeserver')
      const before = await problem(username, version, task)
      if (before !== null) throw refused(task, before.why)
      const body = new URLSearchParams({
        v: version,
        u: username,
        h: hashOf(username, formSecret),
      }).toString()
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      }
      const { status } = await send({ method: 'POST', path: PATH, headers, body }, task)
      // The response is a page for people, and may even be an error page although the consent was recorded: read it
      // back.
      if ((await find(username, task))?.consent_version === version) return
      throw refused(
        task,
        `it was not accepted (${status}); form_secret and consent_version must match Synapse's`,
      )
    },

    async consentProblem(version: string) {
      const { userId } = await whoAmI()
      return problem(userId, version, 'check how the homeserver asks for consent')
    },
  }
}
