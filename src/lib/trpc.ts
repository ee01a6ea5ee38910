import { createTRPCProxyClient, httpLink } from '@trpc/client'
import type { Router } from '$lib/server/trpc/router'

/** The API for browsers. One call a request: the server refuses batches, so that limits count what they should. */
export const trpc = createTRPCProxyClient<Router>({ links: [httpLink({ url: '/trpc' })] })
