/** A request as it stands in a list: what a moderator reads of it without opening it. */
export interface Row {
  id: string
  /** What its box sends. */
  item: string
  name: string
  reason: string
  email: string
  tags: string[]
}

/** What the page of a request says beside its reason. */
export interface Known {
  name: string
  reason: string
  /** Of what is marked, in the page's own words. */
  tags: string[]
  /** Others from the domain. */
  domain: { waiting: number; approved: number }
  /** How many said the same or nearly the same. */
  sameWords: number
  /** The form that decides on it. */
  version: string
}

/** What a rule would hit, as its page shows it. */
export interface Reach {
  waiting: number
  /** Those that are shown, each with its box. */
  hit: { id: string; box: string; reason: string }[]
  /** That it would hit many others. */
  warns: boolean
}

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

/** What somebody reads of a piece of a page. */
function textOf(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:amp|lt|gt|quot|#39);/g, (found) => ENTITIES[found] ?? found)
    .replace(/\s+/g, ' ')
    .trim()
}

const tagsIn = (html: string): string[] =>
  [...html.matchAll(/<span class="tag (?:warn|bad)[^"]*">([\s\S]*?)<\/span>/g)].map(([, tag = '']) =>
    textOf(tag),
  )

const numberIn = (text: string, pattern: RegExp): number =>
  Number(pattern.exec(text)?.[1]?.replace(',', '') ?? 0)

/** The requests of a list that can be decided. */
export function rowsOf(html: string): Row[] {
  const list = /<ul class="rows[^"]*">([\s\S]*?)<\/ul>/.exec(html)?.[1] ?? ''
  return list.split('<li').flatMap((row) => {
    const item = /name="item" value="([^"]+)"/.exec(row)?.[1]
    const id = /href="\/admin\/registrations\/([\w-]+)/.exec(row)?.[1]
    if (item === undefined || id === undefined) return []
    return {
      id,
      item,
      name: textOf(/<a class="opens[^>]*>([\s\S]*?)<\/a>/.exec(row)?.[1] ?? ''),
      reason: textOf(/<p class="reason[^>]*>([\s\S]*?)<\/p>/.exec(row)?.[1] ?? ''),
      email: textOf(/<span class="quiet[^"]*">([^<]*@[^<]*)<\/span>/.exec(row)?.[1] ?? ''),
      tags: tagsIn(row),
    }
  })
}

export function knownOf(html: string): Known {
  const fact = (name: string) => new RegExp(`<dt>${name}</dt>\\s*<dd>([\\s\\S]*?)</dd>`).exec(html)?.[1] ?? ''
  const domain = textOf(fact('Domain'))
  return {
    name: textOf(/<h1 class="matrix-id[^>]*>([\s\S]*?)<\/h1>/.exec(html)?.[1] ?? ''),
    reason: textOf(/<blockquote[^>]*>([\s\S]*?)<\/blockquote>/.exec(html)?.[1] ?? ''),
    tags: tagsIn(/<dl[\s\S]*?<\/dl>/.exec(html)?.[0] ?? ''),
    domain: {
      waiting: numberIn(domain, /([\d,]+) waiting/),
      approved: numberIn(domain, /([\d,]+) approved/),
    },
    sameWords: numberIn(textOf(fact('Similar introductions')), /([\d,]+) request/),
    version: /name="version" value="(\d+)"/.exec(html)?.[1] ?? '',
  }
}

export function reachOf(html: string): Reach {
  const reach = /<section class="reach[\s\S]*?<\/section>/.exec(html)?.[0] ?? ''
  return {
    waiting: numberIn(textOf(reach), /matches ([\d,]+) waiting request/),
    hit: reach.split('<li').flatMap((row) => {
      const [, box, id] = /name="deny" value="(([\w-]+)\.\d+)"/.exec(row) ?? []
      const reason = /<span class="small reason[^"]*">([\s\S]*?)<\/span>/.exec(row)?.[1] ?? ''
      return box === undefined || id === undefined ? [] : [{ id, box, reason: textOf(reason) }]
    }),
    warns: /class="notice warn/.test(reach),
  }
}
