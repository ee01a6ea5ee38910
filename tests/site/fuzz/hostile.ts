import fc from 'fast-check'

/** Whatever stands in front of a name, an address or a reason when somebody wants more than to register. */
const NASTY = [
  `<zq1 x="'>`,
  `"><zq1 x="'>`,
  `</script><zq1>`,
  `</textarea></title></style><zq1>`,
  `<!--<zq1>`,
  `zq" onzq="zq(1)`,
  `zq' onzq='zq(1)`,
  'javascript:zq(1)',
  ' java\tscript:zq(1)',
  '//zq.test/',
  '/\\zq.test/',
  '/admin\\@zq.test',
  'https://zq.test/',
  'zq\r\nzq-head: 1',
  'zq\nBcc: zq@zq.test',
  '%0d%0azq-head:%201',
  '{{zq}}',
  '${zq}',
  '{@html zq}',
  `' or ''='`,
  `'; drop table registrations; --`,
  '" NEAR( *',
  '%',
  '_',
  '\\',
  '*',
  '(a+)+$',
  '(((((((((((((((((((((a*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*',
  '[',
  '../../../../etc/hostname',
  '..%2f..%2f',
  '\0',
  'a\0b',
  '\u202Eevil',
  '\u200B',
  '\uFEFF',
  '\uD800',
  '👩‍👩‍👧‍👦'.repeat(20),
  'ａｄｍｉｎ',
  'аdmin',
  'İ',
  'ß',
  '=1+1',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'true',
  '-0',
  '-1',
  '0',
  '1',
  '1.5',
  '1e999',
  '0x10',
  'NaN',
  '9007199254740993',
  '99999999999999999999999999',
  '٣',
  '2026-02-30',
  '2026-13-45',
  '0000-00-00',
  '+275760-09-14',
  '9999-12-31',
  '1970-01-01T00:00:00.000Z',
  '0.0.0.0/0',
  '::/0',
  '::ffff:127.0.0.1',
  'fe80::1%eth0',
  '256.1.1.1',
  '1.2.3.4/33',
  'a@b',
  'a@xn--.test',
  'a@' + 'b'.repeat(300) + '.test',
  `a@${'b.'.repeat(120)}test`,
  '"a b"@mail.test',
  'a@[127.0.0.1]',
  'a@mail.test\r\nRCPT TO:<zq@zq.test>',
  '@room',
  '',
  ' ',
  '\t\r\n',
]

/** A text that nobody means well with, or that nobody thought of. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 300 }) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...NASTY), fc.constantFrom(...NASTY)).map(([a, b]) => `${a}${b}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('x', 'a.', '<', '"', '&', '\n', 'ö', '👩', '(', '*', '\u202E'),
        fc.integer({ min: 200, max: 1500 }),
      )
      .map(([piece, times]) => piece.repeat(times)),
  },
)

/** A value that JSON can hold, and no schema asked for. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  hostile,
  fc.constantFrom(null, true, false, 0, -1, 1.5, 1e308, [], {}, [[]], ['x'], { $gt: '' }, { toString: 'x' }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** As a header can carry it: bytes without control characters, read as Latin-1. */
export const asHeader = (text: string): string =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .trim()
    .slice(0, 3000)

/** As a URL can carry it; what is no Unicode at all (half a surrogate pair) becomes U+FFFD. */
export const asUrl = (text: string): string => encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'))
