import { queueQuery, readQueueFilter } from '$lib/moderation/queue-filter'

/** Where a form of a request's page leads: to the same page, with the list beside it as it was. */
export function pathOf(id: string, url: URL): string {
  return `/admin/registrations/${encodeURIComponent(id)}${queueQuery(readQueueFilter(url.searchParams))}`
}
