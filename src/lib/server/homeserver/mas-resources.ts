import * as v from 'valibot'
import { notFromIt, parseJson, wrongSetUp, type CalledServer } from './answer-errors'
import { HomeserverError } from './homeserver'
import type { Answer, Request } from './request'

/** What a listener of MAS serves only if it is told to (http.listeners in MAS's config.yaml), and where it does. */
const PATHS = {
  discovery: '/.well-known/openid-configuration',
  oauth: '/oauth2/token',
  adminapi: '/api/admin',
}
export type MasResource = keyof typeof PATHS

/** Of the admin API, what MAS has had for the shortest time: all of it since 1.5. */
const NEWEST = ['/version', '/site-config', '/personal-sessions'].map((path) => `${PATHS.adminapi}/v1${path}`)

const discoverySchema = v.object({ issuer: v.string() })

/** Who issues the tokens, by an answer of OpenID Connect Discovery 1.0 (4.2); null if it is none. */
export function issuerIn({ status, body }: Answer): string | null {
  const read = v.safeParse(discoverySchema, parseJson(body))
  return status === 200 && read.success ? read.output.issuer : null
}

/** Finds out why MAS does not know a path: an unknown one is answered by a page, or by nothing, as by any other server. */
export function createMasResources({
  server,
  send,
  saidBy,
}: {
  server: CalledServer
  send: (sent: Request, task: string) => Promise<Answer>
  saidBy: (body: unknown) => string | null
}) {
  async function answers(path: string, isRight: (answer: Answer) => boolean, task: string): Promise<boolean> {
    try {
      return isRight(await send({ method: 'GET', path, headers: { accept: 'application/json' } }, task))
    } catch (error) {
      if (error instanceof HomeserverError) return false
      throw error
    }
  }

  return {
    /** The error of a call of this resource, at `path`, whose answer is not in MAS's words. */
    async absent(
      resource: MasResource,
      task: string,
      answer: Answer,
      path = PATHS[resource],
    ): Promise<HomeserverError> {
      // One that was cut off is MAS's own all the same, and says nothing of what is mounted.
      const isCutOff = answer.headers['content-type']?.startsWith('application/json') === true
      if (answer.status !== 404 || isCutOff) return notFromIt(task, server, answer)
      // Without a token, the admin API says that one is missing.
      const isMounted = await answers(
        `${PATHS.adminapi}/v1/users`,
        ({ body }) => saidBy(parseJson(body)) !== null,
        task,
      )
      if (resource === 'adminapi' && isMounted) {
        // A proxy can answer one path itself, as one with %2F in a username: that says nothing of MAS.
        if (!NEWEST.includes(path)) return notFromIt(task, server, answer)
        return wrongSetUp(
          'set_up',
          `Could not ${task}: MAS at ${server.origin} is too old; MAS 1.5 is needed. Replace it with a newer one.`,
          server.key,
        )
      }
      if (!isMounted && !(await answers(PATHS.discovery, (found) => issuerIn(found) !== null, task)))
        return notFromIt(task, server, answer)
      const place = PATHS[resource]
      return wrongSetUp(
        'set_up',
        `Could not ${task}: ${server.origin} is MAS, but does not answer at ${place}. Add the resource "${resource}" to the listener of mas.server in MAS's config.yaml (http.listeners), and let a proxy in front of it pass ${place} on for this machine.`,
        server.key,
      )
    },
  }
}
