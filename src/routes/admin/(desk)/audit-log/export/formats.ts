import { CSV_TYPE, csvHead, csvLine } from '$lib/moderation/csv'
import type { Api } from '$lib/server/trpc/router'

type ExportedEvent = Awaited<ReturnType<Api['auditLog']['slice']>>['events'][number]

interface Format {
  type: string
  head: string
  line: (event: ExportedEvent) => string
  between: string
  foot: string
}

const COLUMNS = ['seq', 'time', 'kind', 'actor', 'moderator', 'moderator_id', 'registration_id', 'detail']

/** Kinds and column names are the same in every language, so that a script can read every export. */
export const FORMATS: Record<'csv' | 'json', Format> = {
  csv: {
    type: CSV_TYPE,
    head: csvHead(COLUMNS),
    line: ({ seq, at, kind, actor, moderator, moderatorId, registrationId, detail }) =>
      csvLine([
        String(seq),
        new Date(at).toISOString(),
        kind,
        actor,
        moderator ?? '',
        moderatorId ?? '',
        registrationId ?? '',
        detail === null ? '' : JSON.stringify(detail),
      ]),
    between: '',
    foot: '',
  },
  json: {
    type: 'application/json',
    head: '[\n',
    line: ({ seq, at, kind, actor, moderator, moderatorId, registrationId, detail }) =>
      JSON.stringify({
        seq,
        time: new Date(at).toISOString(),
        kind,
        actor,
        moderator,
        moderator_id: moderatorId,
        registration_id: registrationId,
        detail,
      }),
    between: ',\n',
    foot: '\n]\n',
  },
}
