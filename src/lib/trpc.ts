import { createTRPCProxyClient, httpLink } from '@trpc/client'
import type { Api, Router } from '$lib/server/trpc/router'

/** The API for browsers. One call per request: the server refuses batches, so that rate limits count correctly. */
export const trpc = createTRPCProxyClient<Router>({ links: [httpLink({ url: '/trpc' })] })

/** A request in the list, and one that is opened, as moderators see them. */
export type ListedItem = Awaited<ReturnType<Api['moderation']['queue']>>['items'][number]
export type RegistrationView = Awaited<ReturnType<Api['moderation']['registration']>>

/** What a check of the set-up found. */
export type Finding = Awaited<ReturnType<Api['setUp']['check']>>[number]
