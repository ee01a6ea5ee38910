import { CsvError, parse } from 'csv-parse/sync'
import { textOfCell } from '$lib/moderation/csv'
import { LIST_COLUMNS, type ListColumn, type ListFormat } from '$lib/moderation/rule-list'
import { accept, refuse, type Result } from '$lib/registration/refusal'

/** A line of a list that says something: in the columns that the list has, as it was typed. */
export interface ListEntry {
  line: number
  cells: Partial<Record<ListColumn, string>>
  /** It has more cells than the list has columns. */
  surplus: boolean
}

/** `skipped`: so many lines are comments. */
export interface ListEntries {
  entries: ListEntry[]
  skipped: number
}

/** Commas as RFC 4180 has them, and what spreadsheets of other countries, or what is copied out of one, have. */
const SEPARATORS = [',', ';', '\t']

/** A text without the byte order mark that an export begins with, its lines ended as in Unix. */
export const plainText = (text: string): string => text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')

/** Takes a list apart into what stands in its lines, empty ones left out; refused where it is no table. */
export const entriesOf = (text: string, format: ListFormat): Result<ListEntries> =>
  format === 'csv' ? tableOf(plainText(text)) : linesOf(plainText(text))

function linesOf(text: string): Result<ListEntries> {
  const lines = text
    .split('\n')
    .map((value, index) => ({ line: index + 1, cells: { value: value.trim() }, surplus: false }))
    .filter(({ cells }) => cells.value !== '')
  const entries = lines.filter(({ cells }) => !cells.value.startsWith('#'))
  return accept({ entries, skipped: lines.length - entries.length })
}

function tableOf(text: string): Result<ListEntries> {
  const rows = rowsOf(text)
  if (!rows.ok) return rows
  const [head, ...rest] = rows.value
  if (head === undefined) return refuse({ code: 'list_empty' })
  const names = head.cells.map((name) => name.trim().toLowerCase())
  if (!names.includes('value')) return refuse({ code: 'list_column_missing' })
  const columns = LIST_COLUMNS.filter((column) => names.includes(column))
  const entries = rest.map(({ line, cells }) => ({
    line,
    cells: Object.fromEntries(columns.map((column) => [column, cells[names.indexOf(column)] ?? ''])),
    surplus: cells.slice(names.length).some((cell) => cell.trim() !== ''),
  }))
  return accept({ entries, skipped: 0 })
}

/** The rows of a table that have a cell with something in it, each with the line at which it begins. */
function rowsOf(text: string): Result<{ line: number; cells: string[] }[]> {
  const rows: { line: number; cells: string[] }[] = []
  let read = 0
  try {
    parse(text, {
      delimiter: separatorOf(text),
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (cells: string[], { lines }) => {
        const within = cells.join('').split('\n').length - 1
        if (cells.some((cell) => cell.trim() !== ''))
          rows.push({ line: lines - within, cells: cells.map(textOfCell) })
        read = lines
        return null
      },
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = error.code === 'CSV_QUOTE_NOT_CLOSED' ? read + 1 : Number(error.lines)
    return refuse({ code: 'list_quotes', line })
  }
  return accept(rows)
}

/** What stands between the names of the columns, which have none of it in them. */
function separatorOf(text: string): string {
  const head = /\S.*/.exec(text)?.[0] ?? ''
  const count = (separator: string) => head.split(separator).length
  return SEPARATORS.reduce((most, other) => (count(other) > count(most) ? other : most))
}
