import { trimInvisible } from '$lib/registration/typed-text'

const USERNAME = /^[a-z0-9._-]{1,64}$/

/** Normalizes a typed moderator's username. */
export const moderatorName = (typed: string): string => trimInvisible(typed.normalize('NFKC')).toLowerCase()

/** Whether it can be a moderator's username. */
export const isModeratorName = (username: string): boolean => USERNAME.test(username)
