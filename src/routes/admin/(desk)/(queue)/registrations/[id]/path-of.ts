import { queueQuery, readQueueFilter } from '$lib/moderation/queue-filter'

/** The target of a form on a request's page: the same page, with the list beside it unchanged. */
export function pathOf(id: string, url: URL): string {
  return `/admin/registrations/${encodeURIComponent(id)}${queueQuery(readQueueFilter(url.searchParams))}`
}
