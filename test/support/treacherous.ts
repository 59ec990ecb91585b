import fc from 'fast-check'

/** What must reach no reader: C0, DEL, C1, and what hides, reverses or is half a character. */
export const treacherous =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}\p{Cs}]/u

const frequent = [
  ...[
    '\u001b[31m',
    '\u001b]0;x\u0007',
    '\u009b',
    '\u007f',
    '\u061c',
    '\u200e',
    '\u200f',
    '\u202a',
    '\u202e',
    '\u2066',
  ],
  ...[
    '\u2069',
    '\ud800',
    '\udc00',
    '\n',
    '\t',
    '\r',
    '\u2028',
    '\ufeff',
    '\u{e0041}',
    '"',
    '\\',
    '<',
    'a',
    '\u{1f427}',
  ],
]

/** Text in which they are frequent. */
export const nastyText = fc.string({
  unit: fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.constantFrom(...frequent)),
})
