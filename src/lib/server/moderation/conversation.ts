import { decide, type Action, type Verdict } from '$lib/registration/decide'
import { claimOf } from '$lib/registration/decide-talk'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byModerator, type Actor, type Registration } from '$lib/registration/registration'
import { ANSWER_MAXIMUM, NOTE_MAXIMUM, parseText, QUESTION_MAXIMUM } from '$lib/registration/talk'
import type { TalkView } from '$lib/registration/views'
import { APPLICANT } from '../registrations/transaction'
import type { Registrar } from '../registrations/registrar'
import type { Usernames } from './usernames'

/** The same words again within this time are a form that was submitted twice. */
const TWICE_MS = 60_000

/**
 * The conversation about a registration: questions and answers, comments, and assignment. A message that was submitted
 * twice is not stored again.
 */
export function createConversation({ registrar, usernames }: { registrar: Registrar; usernames: Usernames }) {
  const nameOf = async (id: string) => (await usernames.of(id)) ?? id

  async function act(id: string, action: Action, actor: Actor): Promise<Result<null>> {
    const done = await registrar.act(id, action, actor)
    return done.ok ? accept(null) : usernames.in(done)
  }

  /** Whether a moderator wrote this a moment ago. Later, the same words are meant: a reminder. */
  const isTwice = async (
    last: { at: number; moderator: string | null; text: string },
    moderator: string,
    text: string,
  ) =>
    last.text === text &&
    Math.abs(registrar.now() - last.at) < TWICE_MS &&
    last.moderator === (await nameOf(moderator))

  /** What can be done about a denial: whether it can still be approved, and if not, why. */
  async function reopening(registration: Registration): Promise<TalkView['reopen']> {
    if (registration.state !== 'denied') return null
    const { addressFree, ...facts } = await registrar.reopening(registration)
    if (!addressFree) return 'impossible'
    const verdict = { moderator: '', message: null, silent: false }
    const decision = decide(registration, { type: 'reopen', ...facts, ...verdict }, registrar.policy())
    if (decision.ok) return 'possible'
    return decision.refusal.code === 'reopen_too_early' ? 'not_yet' : 'impossible'
  }

  return {
    async view(id: string, moderator: string): Promise<Result<TalkView>> {
      const registration = await registrar.find(id)
      if (registration === null) return refuse({ code: 'not_found' })
      const exchanges = await registrar.exchanges(id)
      const notes = await registrar.notes(id)
      const policy = registrar.policy()
      const claim = claimOf(registration, policy)
      return accept({
        exchange: registration.state === 'requested' ? registration.exchange : 'none',
        isOpen: registration.state === 'requested',
        exchanges,
        notes,
        claim:
          claim === null
            ? null
            : { by: await nameOf(claim.by), mine: claim.by === moderator, until: claim.at + policy.claimMs },
        reopen: await reopening(registration),
      })
    },

    async ask(id: string, moderator: string, typed: string): Promise<Result<null>> {
      const text = parseText(typed, QUESTION_MAXIMUM)
      if (!text.ok) return text
      const last = (await registrar.exchanges(id)).at(-1)
      if (last?.author === 'moderator' && (await isTwice(last, moderator, text.value))) return accept(null)
      return act(id, { type: 'ask', moderator, text: text.value }, byModerator(moderator))
    },

    async answer({ id }: Registration, typed: string): Promise<Result<null>> {
      const text = parseText(typed, ANSWER_MAXIMUM)
      if (!text.ok) return text
      const last = (await registrar.exchanges(id)).at(-1)
      // However long ago: a second answer takes another question.
      if (last?.author === 'applicant' && last.text === text.value) return accept(null)
      return act(id, { type: 'answer', text: text.value }, APPLICANT)
    },

    async note(id: string, moderator: string, typed: string): Promise<Result<null>> {
      const text = parseText(typed, NOTE_MAXIMUM)
      if (!text.ok) return text
      const last = (await registrar.notes(id)).at(-1)
      if (last !== undefined && (await isTwice(last, moderator, text.value))) return accept(null)
      return act(id, { type: 'note', moderator, text: text.value }, byModerator(moderator))
    },

    take: (id: string, moderator: string, over: boolean) =>
      act(id, { type: 'take', moderator, over }, byModerator(moderator)),

    release: (id: string, moderator: string) =>
      act(id, { type: 'release', moderator }, byModerator(moderator)),

    async reopen(id: string, verdict: Verdict, version: number): Promise<Result<null>> {
      const done = await registrar.reopen(id, verdict, byModerator(verdict.moderator), version)
      return done.ok ? accept(null) : done
    },
  }
}
