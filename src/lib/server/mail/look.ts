/**
 * The light design of emails, as inline styles: the only ones that every mail program supports. The dark colors are a
 * style sheet in `Letter.svelte` for programs with a dark mode; others stay light.
 */
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace'
const INK = '#1d1d1f'
const MUTED = '#63635f'
const SUNKEN = '#f3f1ed'

export const text = {
  fontFamily: FONT,
  fontSize: '16px',
  lineHeight: '26px',
  color: INK,
  margin: '0 0 16px',
  overflowWrap: 'anywhere',
}
export const small = { ...text, fontSize: '13px', lineHeight: '20px', color: MUTED, margin: '0' }
export const heading = {
  ...text,
  fontSize: '26px',
  lineHeight: '32px',
  fontWeight: '650',
  letterSpacing: '-0.01em',
  margin: '0 0 16px',
}
export const site = { ...text, fontWeight: '650', lineHeight: '34px', margin: '0 0 28px' }
export const list = {
  ...text,
  fontFamily: MONO,
  fontSize: '14px',
  backgroundColor: SUNKEN,
  borderRadius: '10px',
  padding: '14px 18px',
}
/** What is read from the left within the list. */
export const listed = 'font-size:14px'
export const quote = {
  ...text,
  backgroundColor: SUNKEN,
  borderRadius: '4px 10px 10px 4px',
  padding: '14px 18px',
}
export const button = {
  fontFamily: FONT,
  fontSize: '16px',
  fontWeight: '600',
  lineHeight: '20px',
  borderRadius: '10px',
  display: 'inline-block',
  padding: '15px 24px',
  textDecoration: 'none',
}
/** Outlook ignores padding on a link, but not on the cell around it. */
export const action = 'border-collapse:separate;border-spacing:0'
export const actionCell = 'border-radius:10px;mso-padding-alt:15px 24px;padding:0'
export const entry = { color: INK, textDecoration: 'underline' }
export const address = { ...small, margin: '12px 0 20px' }
export const further = { color: MUTED, fontSize: '13px', textDecoration: 'underline' }
export const link = { color: MUTED, textDecoration: 'underline' }

export const paper = { backgroundColor: SUNKEN, margin: '0', padding: '24px 12px' }
export const sheet = {
  backgroundColor: '#ffffff',
  border: '1px solid #e4e1db',
  borderRadius: '12px',
  boxSizing: 'border-box',
  margin: '0 auto',
  maxWidth: '560px',
  padding: '28px 32px 16px',
}
export const foot = { boxSizing: 'border-box', margin: '0 auto', maxWidth: '560px', padding: '16px 33px 0' }

/** Of our own elements, so as text. */
export const mono = `font-family:${MONO};font-size:15px`
/** Without a letter in it, which text browsers and previews would read as part of the name. */
export const mark = 'display:inline-block;width:14px;height:14px;border-radius:4px;vertical-align:-1px'
