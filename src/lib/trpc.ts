import { createTRPCProxyClient, httpLink } from '@trpc/client'
import type { Router } from '$lib/server/trpc/router'

/** The API for browsers. One call per request: the server refuses batches, so that rate limits count correctly. */
export const trpc = createTRPCProxyClient<Router>({ links: [httpLink({ url: '/trpc' })] })
