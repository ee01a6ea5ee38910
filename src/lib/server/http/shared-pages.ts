/** A page as it was rendered: nothing in it is about the visitor. */
interface SharedPage {
  body: string
  headers: [string, string][]
}

/**
 * The pages that are the same for everybody who brings nothing along, with what of their query strings means nothing
 * there and is dropped: links to the landing page carry all kinds of it.
 */
const SHARED: Partial<Record<string, { query: 'dropped' | 'none' }>> = {
  '/': { query: 'dropped' },
  '/register': { query: 'none' },
}

/**
 * Keeps pages that depend only on language, theme, and whether registration is open: each variant is rendered once, until
 * that changes.
 */
export function createSharedPages() {
  let kept = { state: '', pages: new Map<string, SharedPage>() }

  return {
    /** Whether this page may be shared; if so, a query that means nothing is taken from the URL. */
    isShared({ route, url }: { route: string | null; url: URL }): boolean {
      const shared = route === null ? undefined : SHARED[route]
      if (shared === undefined) return false
      if (shared.query === 'dropped') url.search = ''
      return url.search === ''
    },

    /**
     * The page under this key, rendered now unless it is kept. `lookUp`: the state that all pages depend on; when it is
     * another than last time, nothing is kept any longer.
     */
    async get(
      { key, lookUp }: { key: string; lookUp: () => Promise<string> },
      render: () => Promise<Response>,
    ): Promise<Response> {
      const state = await lookUp()
      if (state !== kept.state) kept = { state, pages: new Map() }
      const { pages } = kept
      const known = pages.get(key)
      if (known !== undefined) return new Response(known.body, { headers: known.headers })
      const response = await render()
      // A nonce is for one response; a page that contains one is never kept.
      const once = response.headers.get('content-security-policy')?.includes('nonce-') === true
      if (!response.ok || once || response.headers.has('set-cookie')) return response
      const page = { body: await response.text(), headers: [...response.headers] }
      // Nobody knows which of two states was rendered.
      if ((await lookUp()) === state) pages.set(key, page)
      return new Response(page.body, { headers: page.headers })
    },
  }
}
