import { m } from '$lib/paraglide/messages'
import type { Worded } from '../definition'

/** To whomever the operator names: email arrives. */
interface Data {
  kind: 'set_up_test'
}

export const setUpTest: Worded<Data> = {
  content: (_, { in_, host }) => ({
    subject: m.mail_set_up_test_subject({}, in_),
    heading: m.mail_set_up_test_heading({}, in_),
    literals: [],
    paragraphs: [m.mail_set_up_test_words({}, in_)],
    after: [],
    footer: m.mail_set_up_test_footer({ host }, in_),
  }),
}
