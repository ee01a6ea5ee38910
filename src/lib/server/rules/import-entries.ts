import { CsvError, parse } from 'csv-parse/sync'
import { textOfCell } from '$lib/moderation/csv'
import { LIST_COLUMNS, type ListColumn, type ListFormat } from '$lib/moderation/rule-list'
import { accept, refuse, type Result } from '$lib/registration/refusal'

/** A line of a list with content: in the list's columns, as typed. */
export interface ListEntry {
  line: number
  cells: Partial<Record<ListColumn, string>>
  /** It has more cells than the list has columns. */
  surplus: boolean
}

/** `skipped`: how many lines are comments. */
export interface ListEntries {
  entries: ListEntry[]
  skipped: number
}

/** Commas according to RFC 4180, and the separators of other countries' spreadsheets, or of text copied from one. */
const SEPARATORS = [',', ';', '\t']

/** A text without the byte order mark of exports, with Unix line breaks. */
export const plainText = (text: string): string => text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')

/** Splits a list into its non-empty lines; refused if it is not a table. */
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

/** The rows of a table with a non-empty cell, each with its first line number. */
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

/** The separator between column names, which contain none. */
function separatorOf(text: string): string {
  const head = /\S.*/.exec(text)?.[0] ?? ''
  const count = (separator: string) => head.split(separator).length
  return SEPARATORS.reduce((most, other) => (count(other) > count(most) ? other : most))
}
