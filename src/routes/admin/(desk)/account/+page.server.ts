import type { Actions, PageServerLoad } from './$types'
import { setNotices } from './notices-action'

export const load: PageServerLoad = async ({ locals, url }) => ({
  notices: await locals.api.notices.get(),
  saved: url.searchParams.get('saved'),
})

export const actions: Actions = { notices: setNotices }
