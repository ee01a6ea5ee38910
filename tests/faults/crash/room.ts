import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import type { SeenHomeserver } from '../homeserver-seen'

/** Somebody in the room, with an account like any other's. */
export interface Member {
  id: string
  token: string
}

export type ModeratorsRoom = Awaited<ReturnType<typeof openModeratorsRoom>>

const roomSchema = v.object({ room_id: v.string() })
const loginSchema = v.object({ access_token: v.string() })
const sentSchema = v.object({ event_id: v.string() })
const pageSchema = v.object({ chunk: v.array(v.unknown()) })
const eventSchema = v.object({
  event_id: v.string(),
  sender: v.string(),
  type: v.string(),
  content: v.object({
    body: v.optional(v.string()),
    'm.new_content': v.optional(v.object({ body: v.string() })),
    'm.relates_to': v.optional(
      v.object({ rel_type: v.optional(v.string()), event_id: v.optional(v.string()) }),
    ),
  }),
})

/** A private room of the operator's, as its members see it: one for all, as Synapse makes only so many in a while. */
export async function openModeratorsRoom({ url, domain, token: operator }: SeenHomeserver) {
  async function ask<T extends v.GenericSchema>(
    schema: T,
    method: string,
    path: string,
    { token = operator, content }: { token?: string; content?: object } = {},
  ): Promise<v.InferOutput<T>> {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    })
    const body: unknown = await answer.json()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(body)}`)
    return v.parse(schema, body)
  }

  const { room_id: id } = await ask(roomSchema, 'POST', '/_matrix/client/v3/createRoom', {
    content: { preset: 'private_chat' },
  })
  const inRoom = (path: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(id)}/${path}`

  return {
    id,

    /** An account that the operator makes and brings in. */
    async member(localpart: string): Promise<Member> {
      const user = `@${localpart}:${domain}`
      const at = encodeURIComponent(user)
      await ask(v.unknown(), 'PUT', `/_synapse/admin/v2/users/${at}`, { content: { password: randomUUID() } })
      await ask(roomSchema, 'POST', `/_synapse/admin/v1/join/${encodeURIComponent(id)}`, {
        content: { user_id: user },
      })
      const login = `/_synapse/admin/v1/users/${at}/login`
      const { access_token: token } = await ask(loginSchema, 'POST', login, { content: {} })
      return { id: user, token }
    },

    /** Answers the ID of the reaction. */
    async react({ token }: Member, target: string, key: string): Promise<string> {
      const relation = { rel_type: 'm.annotation', event_id: target, key }
      const content = { 'm.relates_to': relation }
      const sent = await ask(sentSchema, 'PUT', inRoom(`send/m.reaction/${randomUUID()}`), { token, content })
      return sent.event_id
    },

    /** The messages about somebody's request, oldest first, as clients show them, with what a bot put under each. */
    async about(username: string, bot: string) {
      const { chunk } = await ask(pageSchema, 'GET', inRoom('messages?dir=b&limit=1000'))
      const events = chunk.flatMap((event) => {
        const parsed = v.safeParse(eventSchema, event)
        return parsed.success ? [parsed.output] : []
      })
      const name = `@${username}:`
      return events
        .filter(({ content }) => content['m.relates_to'] === undefined && content.body?.includes(name))
        .map(({ event_id, content }) => {
          const under = events.filter((event) => event.content['m.relates_to']?.event_id === event_id)
          const edit = under.find((event) => event.content['m.relates_to']?.rel_type === 'm.replace')
          return {
            id: event_id,
            text: edit?.content['m.new_content']?.body ?? content.body ?? '',
            under: under
              .filter(({ content: { 'm.relates_to': relation } }) => relation?.rel_type !== 'm.replace')
              .filter(({ sender }) => sender === `@${bot}:${domain}`)
              .map(({ type }) => type),
          }
        })
        .reverse()
    },
  }
}
