import { m } from '$lib/paraglide/messages'
import type { Worded } from '../definition'

/** To the moderators and the operator: new accounts of this server join rooms before anybody approved them. */
interface Data {
  kind: 'moderators_auto_join'
  matrixId: string
  rooms: string[]
  link: string
}

/** What the remedy for Synapse's automatic rooms refers to. */
const SETTINGS = ['registration.password', 'after_approval', 'auto_join_rooms', 'auto_join']

export const moderatorsAutoJoin: Worded<Data> = {
  content: ({ matrixId, rooms, link }, { in_, moderator }) => ({
    subject: m.mail_auto_join_subject({}, in_),
    heading: m.mail_auto_join_heading({}, in_),
    literals: [matrixId, ...rooms, ...SETTINGS],
    paragraphs: [m.mail_auto_join_seen({ matrixId }, in_)],
    list: rooms.map((text) => ({ text })),
    action: { label: m.mail_waiting_button({}, in_), link },
    after: [m.mail_auto_join_remedy({}, in_)],
    footer: moderator,
  }),
}
