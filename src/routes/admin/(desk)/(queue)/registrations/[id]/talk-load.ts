import { error } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { attempt } from '$lib/server/trpc/attempt'

/** What the page needs besides the request itself: its conversation, and canned replies (`?reply=ID`). */
export async function loadTalk(api: App.Locals['api'], id: string, url: URL) {
  const talk = await attempt(() => api.conversation.thread({ id }))
  if (!talk.ok) error(talk.status, refusalText(talk.refusal))
  const replies = await api.replies.offered({ id })
  const wanted = url.searchParams.get('reply')
  return {
    talk: talk.value,
    replies,
    chosen: replies.find((reply) => reply.id === wanted) ?? null,
  }
}
