import { m } from '$lib/paraglide/messages'
import { suggestedApps, type Platform } from '$lib/registration/matrix-apps'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import type { FirstStepsView, SupportView } from '$lib/registration/views'
import { dayText } from '$lib/text/moment'
import { introduced, quoted, supportLink } from '../content'
import type { JobMail } from '../definition'

/** The account is ready. `link`: the page with all of this, and more. */
interface Data {
  kind: 'approved'
  matrixId: string
  message: string | null
  /** Until when it can only read, in milliseconds since 1970; null: it can write. */
  readsUntil: number | null
  firstSteps: FirstStepsView
  support: SupportView | null
  link: string
}

const OPEN: Record<Platform, typeof m.mail_approved_app> = {
  phone: m.mail_approved_app,
  browser: m.mail_approved_browser,
  desktop: m.mail_approved_desktop,
}

export const approved: JobMail<'approved', Data> = {
  async compose(_, registration, sources) {
    const { state, username, message, probation, probationUntil } = registration
    if (state !== 'completed') return null
    return {
      kind: 'approved',
      matrixId: matrixIdOf(username, sources.domain),
      message,
      readsUntil: probation === 'running' ? probationUntil : null,
      firstSteps: sources.firstSteps(registration),
      support: sources.support,
      link: await sources.statusLink(registration),
    }
  },

  content: ({ matrixId, message, readsUntil, firstSteps, support, link }, wording) => {
    const { homeserver } = firstSteps
    const rooms = firstSteps.rooms.map(({ url }) => url)
    const [first, ...others] = suggestedApps(firstSteps.apps).map(({ platform, title, url }) => ({
      label: OPEN[platform]({ title }, wording.in_),
      link: url,
    }))
    return {
      subject: m.mail_approved_subject({ matrixId }, wording.in_),
      heading: m.mail_approved_heading({}, wording.in_),
      literals: [matrixId, homeserver],
      paragraphs: [
        m.mail_approved_open({ matrixId }, wording.in_),
        ...(readsUntil === null
          ? []
          : [m.probation_words({ date: dayText(readsUntil, wording.in_.locale, 'UTC') }, wording.in_)]),
        ...introduced(message, wording),
      ],
      ...quoted(message),
      ...(first === undefined ? {} : { action: first }),
      links: [
        ...others.map((app) => ({ label: app.label, links: [app.link] })),
        ...(rooms.length === 0 ? [] : [{ label: m.first_steps_rooms({}, wording.in_), links: rooms }]),
        { label: m.mail_approved_page({}, wording.in_), links: [link] },
        ...supportLink(support, m.mail_support({}, wording.in_)),
      ],
      after: [
        m.first_steps_tip_server({ server: homeserver }, wording.in_),
        m.first_steps_tip_key({}, wording.in_),
        m.first_steps_tip_device({}, wording.in_),
        ...(readsUntil === null ? [m.first_steps_tip_name({}, wording.in_)] : []),
        ...(support === null ? [m.first_steps_tip_password_email({}, wording.in_)] : []),
      ],
      footer: wording.applicant,
    }
  },
}
