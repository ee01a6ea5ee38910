import { renderSVG } from 'uqr'
import type { App } from '$lib/registration/matrix-apps'
import { matrixId as matrixIdOf, type Username } from '$lib/registration/username'
import type { FirstStepsView, SupportView } from '$lib/registration/views'
import { fillTemplate } from '../text/template'

/** A longer URL makes a QR code that phones no longer read from a screen. */
const LONGEST_QR = 600

export type FirstSteps = ReturnType<typeof createFirstSteps>

/** Where new people go once they have an account, and whom they ask. */
export function createFirstSteps({
  domain,
  apps,
  rooms,
  support,
}: {
  domain: string
  apps: readonly App[]
  /** Those that every new account joins. */
  rooms: readonly string[]
  /** An email address or a room. */
  support: string | null
}) {
  const roomViews = [...new Set(rooms)].map((room) => ({
    alias: room.startsWith('#') ? room : null,
    url: roomLink(room, domain),
  }))
  return {
    support: support === null ? null : supportOf(support, domain),

    /** The apps with their links for an account, and its first rooms. */
    of(username: Username): FirstStepsView {
      const values = encoded({
        matrix_id: matrixIdOf(username, domain),
        server: domain,
        localpart: username,
      })
      const filled = apps.map((app) => ({ ...app, url: fillTemplate(app.url, values) }))
      return { apps: filled, rooms: roomViews, homeserver: domain }
    },

    /** A QR code (SVG) that takes a link to a phone; null if the link is too long for one. */
    qrOf: (url: string): string | null => (url.length > LONGEST_QR ? null : renderSVG(url)),
  }
}

const encoded = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, encodeURIComponent(value)]))

/** A link to a room (Matrix spec, "matrix.to navigation"). A room ID names no server, so the link does. */
function roomLink(room: string, domain: string): string {
  const link = `https://matrix.to/#/${encodeURIComponent(room)}`
  return room.startsWith('!') ? `${link}?via=${encodeURIComponent(domain)}` : link
}

function supportOf(support: string, domain: string): SupportView {
  return /^[!#]/.test(support)
    ? { text: support, url: roomLink(support, domain) }
    : { text: support, url: `mailto:${support}` }
}
