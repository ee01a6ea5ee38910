import { m } from '$lib/paraglide/messages'
import type { State } from '$lib/registration/state'

const STATES: Record<State, () => string> = {
  started: m.state_started,
  verified: m.state_verified,
  requested: m.state_requested,
  approved: m.state_approved,
  denied: m.state_denied,
  completed: m.state_completed,
  withdrawn: m.state_withdrawn,
}

/** A state in words. */
export const stateText = (state: State): string => STATES[state]()
