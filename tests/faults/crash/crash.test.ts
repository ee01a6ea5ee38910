import { openHomeserver } from '../homeserver-seen'
import { crashSuite } from './lives'

await crashSuite(await openHomeserver())
