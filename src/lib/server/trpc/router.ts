import { accountRouter } from './account'
import type { Context } from './context'
import { factorsRouter } from './factors'
import { factsRouter } from './facts'
import { peopleRouter } from './people'
import { figuresRouter } from './figures'
import { historyRouter } from './history'
import { invitationsRouter } from './invitations'
import { moderationRouter } from './moderation'
import { noticesRouter } from './notices'
import { openingRouter } from './opening'
import { registrationRouter } from './registration'
import { repliesRouter } from './replies'
import { sessionRouter } from './session'
import { ruleListsRouter } from './rule-lists'
import { rulesRouter } from './rules'
import { createCallerFactory, router } from './t'
import { talkRouter } from './talk'
import { verificationRouter } from './verification'

/** Everything that pages and browsers can call; pages through `createApi`, browsers through /trpc. */
export const appRouter = router({
  registration: registrationRouter,
  verification: verificationRouter,
  moderation: moderationRouter,
  session: sessionRouter,
  people: peopleRouter,
  account: accountRouter,
  factors: factorsRouter,
  facts: factsRouter,
  rules: rulesRouter,
  ruleLists: ruleListsRouter,
  invitations: invitationsRouter,
  talk: talkRouter,
  replies: repliesRouter,
  history: historyRouter,
  figures: figuresRouter,
  notices: noticesRouter,
  opening: openingRouter,
})

export type Router = typeof appRouter

const createCaller = createCallerFactory(appRouter)

/** The API for one request. */
export const createApi = (context: Context) => createCaller(context)
export type Api = ReturnType<typeof createApi>
