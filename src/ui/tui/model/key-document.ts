import { themes, tones } from '../style/theme.js'
import { actionGroups } from './action.js'
import { keyTable } from './key-table.js'
import { Keymap, keyName } from './keymap.js'

/** docs/keys.md: every key, from the table of keys. */
export function keyDocument(): string {
  const keymap = new Keymap(keyTable)
  const parts = [
    '# Keys of the terminal UI',
    '',
    'Made from the table of keys (`src/ui/tui/model/key-table.ts`); [tui.md](tui.md) says how to change them.',
  ]
  for (const group of actionGroups) {
    if (!keymap.actions.some((action) => action.group === group)) continue
    parts.push('', `## ${group}`, '', '| keys | what they do | name in keys.json |', '|---|---|---|')
    for (const action of keymap.actions) {
      if (action.group !== group) continue
      const keys = keymap
        .keysOf(action)
        .map((key) => `\`${keyName(key)}\``)
        .join(' ')
      parts.push(`| ${keys} | ${action.text} | \`${action.name}\` |`)
    }
  }
  return `${parts.join('\n')}\n`
}

/** docs/keys.schema.json: what an editor knows of the user's file. */
export function keySchema(): string {
  const keys = Object.fromEntries(
    keyTable.map(({ name, text, keys: usual }) => [
      name,
      {
        description: `${text}; unless told: ${usual.join(' ')}`,
        type: 'array',
        items: { type: 'string', minLength: 1 },
      },
    ]),
  )
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Keys, commands, theme and mouse of the terminal UI of cryoscope',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      keys: {
        description: 'For an action the keys that do it: j, ctrl-n, shift-tab, pagedown, space',
        type: 'object',
        additionalProperties: false,
        properties: keys,
      },
      theme: { type: 'string', pattern: `^(${Object.keys(themes).join('|')})$` },
      mouse: { type: 'boolean' },
      colours: {
        description: 'Other colours for some tones of the theme: names, #rrggbb, or ansi256(n)',
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(tones.map((tone) => [tone, { type: 'string', minLength: 1 }])),
      },
      commands: {
        description: 'Commands of your own by name: TypeScript over vm, and _, what is under the cursor',
        type: 'object',
        additionalProperties: {
          type: 'object',
          additionalProperties: false,
          required: ['keys', 'code'],
          properties: {
            keys: { type: 'array', items: { type: 'string', minLength: 1 } },
            code: { type: 'string', minLength: 1 },
            text: { description: 'What help says of it', type: 'string' },
          },
        },
      },
    },
  }
  // Short lists stand on one line, as the formatter has them.
  const text = JSON.stringify(schema, null, 2).replace(
    /\[\s+("[^\]]*?")\s+\]/g,
    (_, items: string) => `[${items.replace(/,\s+/g, ', ')}]`,
  )
  return `${text}\n`
}
