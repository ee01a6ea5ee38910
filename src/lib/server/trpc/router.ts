import { accountRouter } from './account'
import type { Context } from './context'
import { factorsRouter } from './factors'
import { signalsRouter } from './signals'
import { moderatorsRouter } from './moderators'
import { statisticsRouter } from './statistics'
import { auditLogRouter } from './audit-log'
import { invitationsRouter } from './invitations'
import { moderationRouter } from './moderation'
import { noticesRouter } from './notices'
import { intakeRouter } from './intake'
import { registrationRouter } from './registration'
import { repliesRouter } from './replies'
import { sessionRouter } from './session'
import { setUpRouter } from './set-up'
import { ruleListsRouter } from './rule-lists'
import { rulesRouter } from './rules'
import { createCallerFactory, router } from './t'
import { conversationRouter } from './conversation'
import { verificationRouter } from './verification'

/** Everything that pages and browsers can call; pages through `createApi`, browsers through /trpc. */
export const appRouter = router({
  registration: registrationRouter,
  verification: verificationRouter,
  moderation: moderationRouter,
  session: sessionRouter,
  moderators: moderatorsRouter,
  account: accountRouter,
  factors: factorsRouter,
  signals: signalsRouter,
  rules: rulesRouter,
  ruleLists: ruleListsRouter,
  invitations: invitationsRouter,
  conversation: conversationRouter,
  replies: repliesRouter,
  auditLog: auditLogRouter,
  statistics: statisticsRouter,
  notices: noticesRouter,
  intake: intakeRouter,
  setUp: setUpRouter,
})

export type Router = typeof appRouter

const createCaller = createCallerFactory(appRouter)

/** The API for one request. */
export const createApi = (context: Context) => createCaller(context)
export type Api = ReturnType<typeof createApi>
